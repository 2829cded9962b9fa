"""What `gatelab call` was told, and what of it cannot be: grpcurl's rules, in its order and words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import click

Verb = Literal["list", "describe", "call"]
DEFAULT_CONNECT_TIMEOUT_S = 10.0
DEFAULT_MESSAGE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Options:
    """The command line. Names are grpcurl's."""

    address: str
    verb: Verb
    symbol: str
    """Of list and describe: empty for all."""
    proto: tuple[str, ...]
    import_path: tuple[str, ...]
    protoset: tuple[str, ...]
    use_reflection: bool | None
    protoset_out: str | None
    proto_out_dir: str | None
    data: str
    format_: Literal["json", "text"]
    emit_defaults: bool
    allow_unknown_fields: bool
    msg_template: bool
    format_error: bool
    header: tuple[str, ...]
    rpc_header: tuple[str, ...]
    reflect_header: tuple[str, ...]
    expand_headers: bool
    plaintext: bool
    insecure: bool
    cacert: str | None
    cert: str | None
    key: str | None
    alts: bool
    alts_handshaker_service: str | None
    alts_target_service_account: tuple[str, ...]
    unix: bool
    alpn: str
    authority: str | None
    servername: str | None
    connect_timeout: float
    keepalive_time: float
    max_time: float
    max_msg_sz: int
    user_agent: str | None
    verbose: bool
    very_verbose: bool

    @property
    def asks_server(self) -> bool:
        """Whether the schema comes, also, from the server's reflection."""
        if self.use_reflection is None:
            return not self.proto and not self.protoset
        return self.use_reflection

    @property
    def connect_timeout_s(self) -> float:
        """How long a connection may take; 0 stands for the default."""
        limit = self.connect_timeout or DEFAULT_CONNECT_TIMEOUT_S
        return min(limit, self.max_time) if self.max_time else limit


def options_of(arguments: Sequence[str], values: Mapping[str, Any]) -> Options:
    """Raises click.UsageError with the first thing that is wrong."""
    for wrong, text in _wrong_values(values):
        if wrong:
            raise click.UsageError(text)
    rest = list(arguments)
    address = rest.pop(0) if rest and rest[0] not in ("list", "describe") else ""
    if not rest:
        raise click.UsageError("Too few arguments.")
    verb: Verb = "list" if rest[0] == "list" else "describe" if rest[0] == "describe" else "call"
    symbol = rest.pop(0)
    if verb != "call":
        symbol = rest.pop(0) if rest else ""
    address, unix = _target(address, unix=values["unix"])
    options = Options(address=address, verb=verb, symbol=symbol, **{**values, "unix": unix})
    for wrong, text in _wrong_together(options, rest):
        if wrong:
            raise click.UsageError(text)
    return options


def _target(address: str, *, unix: bool) -> tuple[str, bool]:
    """A path or host:port, and whether it is a path: an address may also be a name of gRPC's (gRPC doc/naming.md)."""
    for scheme in ("unix://", "unix:"):
        if address.startswith(scheme):
            return address.removeprefix(scheme), True
    for scheme in ("dns:///", "passthrough:///"):
        address = address.removeprefix(scheme)
    return address, unix


def warnings(options: Options) -> Iterator[str]:
    """What was given and is of no use, in grpcurl's words."""
    if options.emit_defaults and options.format_ != "json":
        yield "The -emit-defaults is only used when using json format."
    if options.verb != "call" and options.data:
        yield "The -d argument is not used with 'list' or 'describe' verb."
    if options.verb != "call" and options.rpc_header:
        yield "The -rpc-header argument is not used with 'list' or 'describe' verb."
    if options.protoset and options.reflect_header:
        yield "The -reflect-header argument is not used when -protoset files are used."
    if options.import_path and not options.proto:
        yield "The -import-path argument is not used unless -proto files are used."
    if options.servername and options.servername == options.authority and not options.plaintext:
        yield "Both -servername and -authority are present; prefer only -authority."


def _wrong_values(values: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    for name in ("connect_timeout", "keepalive_time", "max_time", "max_msg_sz"):
        yield values[name] < 0, f"The -{name.replace('_', '-')} argument must not be negative."
    yield values["plaintext"] and values["alts"], "The -plaintext and -alts arguments are mutually exclusive."
    no_tls = values["plaintext"] or values["alts"]
    for name in ("insecure", "cert", "key"):
        yield bool(no_tls and values[name]), f"The -{name} argument can only be used with TLS."
    yield (
        bool(values["key"]) != bool(values["cert"]),
        ("The -cert and -key arguments must be used together and both be present."),
    )
    for name in ("alts_handshaker_service", "alts_target_service_account"):
        flag = name.replace("_", "-")
        yield bool(values[name]) and not values["alts"], f"The -{flag} argument must be used with the -alts argument."
    yield (
        values["alts"],
        (
            "The -alts argument cannot be used: ALTS works between Google Cloud's machines only, and gatelab does not "
            "speak it; use TLS, or grpcurl."
        ),
    )
    yield values["format_"] not in ("json", "text"), "The -format option must be 'json' or 'text'."


def _wrong_together(options: Options, rest: Sequence[str]) -> Iterator[tuple[bool, str]]:
    files = bool(options.proto or options.protoset)
    yield bool(rest), "Too many arguments."
    yield options.verb == "call" and not options.address, "No host:port specified."
    yield (
        not files and not options.address,
        ("No host:port specified, no protoset specified, and no proto sources specified."),
    )
    yield bool(options.protoset and options.proto), "Use either -protoset files or -proto files, but not both."
    yield (
        options.use_reflection is False and not files,
        ("No protoset files or proto files specified and -use-reflection set to false."),
    )
    yield options.asks_server and not options.address, "No host:port specified."
