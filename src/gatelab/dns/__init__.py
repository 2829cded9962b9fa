"""Names of Services, as CoreDNS would answer them: UDP and TCP.

In: Services and EndpointSlices (`DnsController`). Out: answers for `service.namespace.test` (external addresses, as
CoreDNS's k8s_external) and `service.namespace.svc.cluster.local`. Answering is pure (`answer`); `serve_dns` puts it on
sockets. It forwards nothing: what is not in these zones is REFUSED.
"""

from gatelab.dns.controller import DnsController
from gatelab.dns.responder import answer
from gatelab.dns.server import DnsAddress, serve_dns
from gatelab.dns.zone import ZoneData

__all__ = ["DnsAddress", "DnsController", "ZoneData", "answer", "serve_dns"]
