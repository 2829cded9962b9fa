"""Where a target is: a lab's names are resolved by the lab's DNS, and its certificate authorities trusted for them."""

import asyncio
import base64
import binascii
from collections.abc import Mapping

from gatelab.cluster.port import Cluster
from gatelab.experiment.place import Place, is_address
from gatelab.kinds.builtin import CLUSTER_ISSUER, CONFIG_MAP, ISSUER, SECRET, SERVICE
from gatelab.kinds.errors import ApiError
from gatelab.kinds.kind import Kind
from gatelab.kinds.lab import CLUSTER_RESOURCE_NAMESPACE, LAB_CONFIG, SERVED_BY
from gatelab.kinds.objects import Key, Object

DNS_TIMEOUT_S = 2.0
CLUSTER_TIMEOUT_S = 3.0
"""A kubeconfig may name a cluster that is out of reach, which is no reason to keep a call to elsewhere waiting."""


async def locate(host: str, cluster: Cluster | None) -> Place:
    """The place of `host`. What the cluster or its DNS does not know is left to the system's resolver."""
    return await Locator(cluster).locate(host)


class Locator:
    """`locate` for who asks again and again: what the cluster has said is remembered, what its DNS says is not."""

    def __init__(self, cluster: Cluster | None) -> None:
        self._cluster = cluster
        self._dns: str | None = None
        self._trusted: tuple[str, ...] | None = None

    async def locate(self, host: str) -> Place:
        if self._cluster is None or is_address(host):
            return Place(host)
        self._dns = self._dns or await lab_dns(self._cluster)
        if self._dns is None:
            return Place(host, note="the kubeconfig's cluster is no lab; the system's resolver was asked")
        address = await query(self._dns, host)
        if address is None:
            note = f"the lab's DNS at {self._dns} does not know {host}; the system's resolver was asked"
            return Place(host, note=note)
        if self._trusted is None:
            self._trusted = await issuer_certificates(self._cluster)
        shifted = await shifted_ports(self._cluster, host)
        return Place(address, self._trusted, f"by the lab's DNS at {self._dns}", shifted)

    def forget_certificates(self) -> None:
        """The certificates did not do: there may be others now."""
        self._trusted = None


async def lab_dns(cluster: Cluster) -> str | None:
    """`address:port` of the DNS, when the cluster is a lab and can be reached."""
    try:
        async with asyncio.timeout(CLUSTER_TIMEOUT_S):
            config = await cluster.get(CONFIG_MAP, LAB_CONFIG)
    except (ApiError, TimeoutError):
        return None
    address = (config.get("data") or {}).get("dns")
    return address if isinstance(address, str) and ":" in address else None


async def query(server: str, host: str) -> str | None:
    """The first address (A) of `host`, or None when the DNS server at `address:port` has none or does not answer."""
    import dns.asyncquery
    import dns.exception
    import dns.message
    import dns.rdatatype

    address, _, port = server.rpartition(":")
    try:
        question = dns.message.make_query(host, dns.rdatatype.A)
        answer, _ = await dns.asyncquery.udp_with_fallback(question, address, DNS_TIMEOUT_S, int(port))
    except (dns.exception.DNSException, OSError, ValueError):
        return None
    records = [record for rrset in answer.answer if rrset.rdtype == dns.rdatatype.A for record in rrset]
    return records[0].to_text() if records else None


async def shifted_ports(cluster: Cluster, host: str) -> Mapping[int, int]:
    """Service port to the port that a data plane listens on, where they differ, for `service.namespace.test`.

    A lab's data plane listens on its Service's address itself. Where ports below 1024 are not permitted it listens on
    another one, which the Service's numeric targetPort names; nothing in between translates.
    """
    name, _, rest = host.partition(".")
    namespace = rest.partition(".")[0]
    try:
        service = await cluster.get(SERVICE, Key(namespace, name))
    except ApiError:
        return {}
    if (service["metadata"].get("annotations") or {}).get(SERVED_BY) != "pod":
        return {}
    ports = {each["port"]: each.get("targetPort") for each in service["spec"].get("ports") or ()}
    return {port: target for port, target in ports.items() if isinstance(target, int) and target != port}


async def issuer_certificates(cluster: Cluster) -> tuple[str, ...]:
    """The CA certificates (PEM) of every Issuer and ClusterIssuer of type `ca`, as far as they can be read."""
    found: dict[str, None] = {}
    for kind in (CLUSTER_ISSUER, ISSUER):
        for issuer in await _listed(cluster, kind):
            secret_name = ((issuer.get("spec") or {}).get("ca") or {}).get("secretName")
            if isinstance(secret_name, str):
                namespace = issuer["metadata"].get("namespace") or CLUSTER_RESOURCE_NAMESPACE
                pem = await _certificate(cluster, Key(namespace, secret_name))
                if pem is not None:
                    found[pem] = None
    return tuple(found)


async def _listed(cluster: Cluster, kind: Kind) -> tuple[Object, ...]:
    try:
        return tuple(await cluster.list(kind))
    except ApiError:
        return ()


async def _certificate(cluster: Cluster, key: Key) -> str | None:
    """The `tls.crt` of a CA's Secret: the certificate that it signs with."""
    try:
        data = (await cluster.get(SECRET, key)).get("data") or {}
        return base64.b64decode(data["tls.crt"], validate=True).decode("ascii")
    except (ApiError, KeyError, TypeError, binascii.Error, UnicodeDecodeError):
        return None
