"""Delta ADS: a sans-IO session per stream (`session`, `subscription`, `ordering`), the state of all proxies (`proxies`,
`progress`) and a grpc.aio shell (`server`).

In: what to do per proxy (`publish`, `publish_endpoints`). Out: what Envoy accepted (`acceptance`, `subscribe`). It
decides when a resource is sent, never what is in it.
"""

from gatelab.proxy.xds.server import XdsServer

__all__ = ["XdsServer"]
