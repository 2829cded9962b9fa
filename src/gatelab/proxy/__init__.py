"""The data plane as an Envoy user sees it: `model` (what a proxy shall do), `resources` (the same as Envoy protobufs),
`xds` (delivery, ACK and NACK), `bootstrap` (how an Envoy is started).

In: a frozen `model.ProxyConfig` and endpoints. Out: what Envoy accepted. It knows nothing of Kubernetes, and only
`resources`, `xds` and `bootstrap` know Envoy's protobufs.
"""
