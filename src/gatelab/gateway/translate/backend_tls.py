"""TLS to the backends of a Gateway: what policies say, with the Gateway's own certificate (GatewayBackendTLS)."""

from collections.abc import Iterable, Iterator

from gatelab.gateway.translate.outcome import ServicePortName
from gatelab.proxy import model


def backend(name: str, target: ServicePortName, identity: model.Certificate | None) -> model.Backend:
    """The backend of that name. `identity` is shown to backends that ask for a certificate."""
    tls = target.tls
    if tls is None:
        return model.Backend(name, target.protocol)
    shown = identity.name if identity is not None else ""
    upstream = model.UpstreamTls(tls.server_name, tls.authorities.name, tls.names, shown)
    return model.Backend(name, target.protocol, tls=upstream)


def authorities(targets: Iterable[ServicePortName]) -> tuple[model.Authorities, ...]:
    """Those by which backends are judged, by name."""
    by_name = {each.tls.authorities.name: each.tls.authorities for each in targets if each.tls is not None}
    return tuple(by_name[name] for name in sorted(by_name))


def secrets(targets: Iterable[ServicePortName], identity: model.Certificate | None) -> Iterator[str]:
    """The names of what a proxy must have before it can speak to the targets."""
    for target in targets:
        if target.tls is not None:
            yield target.tls.authorities.name
            if identity is not None:
                yield identity.name
