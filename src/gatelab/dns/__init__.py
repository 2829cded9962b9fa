"""Names of Services, as CoreDNS would answer them: UDP and TCP.

In: Services and EndpointSlices (`DnsController`), Pods (`PodDnsController`). Out: answers for `service.namespace.test`
(external addresses, as CoreDNS's k8s_external), `service.namespace.svc.cluster.local`, the pods of headless Services
below it, `127-5-1-2.namespace.pod.cluster.local`, and the names of addresses. Answering is pure (`answer`); `serve_dns`
puts it on sockets. It forwards nothing: what is not in these zones is REFUSED.
"""

from gatelab.dns.controller import DnsController
from gatelab.dns.pods import PodDnsController
from gatelab.dns.responder import answer
from gatelab.dns.server import DnsAddress, serve_dns
from gatelab.dns.zone import ZoneData

__all__ = ["DnsAddress", "DnsController", "PodDnsController", "ZoneData", "answer", "serve_dns"]
