"""The data plane as an Envoy user sees it: `model` (what a proxy shall do), `resources` (the same as Envoy protobufs),
`xds` (delivery, ACK and NACK), `bootstrap` and `command` (how an Envoy is started), `regex` (what Envoy will not take).

In: a frozen `model.ProxyConfig` and endpoints. Out: what Envoy accepted. It knows nothing of Kubernetes, and only
`resources` and `xds` import Envoy's protobufs.
"""

from gatelab.proxy.binary import EnvoyMissing, envoy_binary

__all__ = ["EnvoyMissing", "envoy_binary"]
