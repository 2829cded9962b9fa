"""What `gatelab call` was told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """The command line. Names are grpcurl's."""

    address: str
    symbol: str
    proto: tuple[str, ...]
    import_path: tuple[str, ...]
    protoset: tuple[str, ...]
    data: str | None
    emit_defaults: bool
    allow_unknown_fields: bool
    header: tuple[str, ...]
    rpc_header: tuple[str, ...]
    reflect_header: tuple[str, ...]
    plaintext: bool
    insecure: bool
    cacert: str | None
    cert: str | None
    key: str | None
    authority: str | None
    servername: str | None
    connect_timeout: float
    max_time: float | None
    max_msg_sz: int
    user_agent: str | None
    verbose: bool
