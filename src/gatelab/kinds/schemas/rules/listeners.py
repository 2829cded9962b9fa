"""Listeners, of Gateways and ListenerSets: the rules that the CustomResourceDefinitions write in CEL."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem

Listener = Mapping[str, Any]


def listeners(found: Sequence[Listener]) -> Iterator[Problem]:
    """What is wrong with `spec.listeners`."""
    places: set[tuple[Any, ...]] = set()
    for index, each in enumerate(found):
        path = f"spec.listeners[{index}]"
        yield from _listener(each, path)
        place = (each["port"], each["protocol"], each.get("hostname", ""))
        if place in places:
            rule = "Combination of port, protocol and hostname must be unique for each listener"
            yield problems.invalid(path, {"port": place[0], "protocol": place[1], "hostname": place[2]}, rule)
        places.add(place)


def _listener(listener: Listener, path: str) -> Iterator[Problem]:
    protocol, tls = listener["protocol"], listener.get("tls")
    if tls is not None and protocol in ("HTTP", "TCP", "UDP"):
        yield problems.invalid(
            f"{path}.tls", "object", "tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']"
        )
    if listener.get("hostname") and protocol in ("TCP", "UDP"):
        rule = "hostname must not be specified for protocols ['TCP', 'UDP']"
        yield problems.invalid(f"{path}.hostname", listener["hostname"], rule)
    if tls is None:
        if protocol == "TLS":
            yield problems.invalid(f"{path}.tls", "null", "tls mode must be set for protocol TLS")
        return
    mode = tls.get("mode", "Terminate")
    if protocol == "HTTPS" and mode != "Terminate":
        yield problems.invalid(f"{path}.tls.mode", mode, "tls mode must be Terminate for protocol HTTPS")
    if mode == "Terminate" and not tls.get("certificateRefs") and not tls.get("options"):
        rule = "certificateRefs or options must be specified when mode is Terminate"
        yield problems.invalid(f"{path}.tls", "object", rule)
