"""TLSRoute, TCPRoute and UDPRoute: the rules that the CustomResourceDefinitions write in CEL."""

from collections.abc import Iterator, Sequence

from gatelab.kinds.ip_addresses import is_ip
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem
from gatelab.kinds.schemas.rules import routes


def l4_route(obj: Object, _: Object | None) -> Iterator[Problem]:
    """What all versions of the three kinds ask."""
    spec = obj["spec"]
    yield from routes.parent_refs(spec.get("parentRefs") or ())
    yield from routes.rule_names(spec.get("rules") or ())
    for index, rule in enumerate(spec.get("rules") or ()):
        for number, backend in enumerate(rule.get("backendRefs") or ()):
            yield from routes.backend_ref(backend, f"spec.rules[{index}].backendRefs[{number}]")


def tls_route(obj: Object, before: Object | None) -> Iterator[Problem]:
    """A TLSRoute of v1 or v1alpha3: server names are never addresses (RFC 6066, section 3)."""
    yield from l4_route(obj, before)
    yield from _hostnames(obj["spec"].get("hostnames") or ())


def _hostnames(hostnames: Sequence[str]) -> Iterator[Problem]:
    if any(is_ip(each) for each in hostnames):
        yield problems.invalid("spec.hostnames", "array", "Hostnames cannot contain an IP")
