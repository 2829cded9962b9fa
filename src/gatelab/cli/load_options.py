"""What `gatelab load` was told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """The command line. Names are ghz's; durations in seconds."""

    host: str
    proto: str | None
    protoset: str | None
    call: str
    import_paths: str | None
    data: str | None
    data_file: str | None
    metadata: str | None
    rps: float
    total: int
    duration: float
    max_duration: float
    concurrency: int
    connections: int
    timeout: float
    connect_timeout: float
    cacert: str | None
    cert: str | None
    key: str | None
    cname: str | None
    skip_tls: bool
    insecure: bool
    authority: str | None
    name: str | None
    format: str
    output: str | None
    cpus: int | None
    skip_first: int
    count_errors: bool
