"""What `gatelab load` was told."""

import json
from dataclasses import dataclass

import click


@dataclass(frozen=True, slots=True)
class Options:
    """The command line over the configuration file. Names are ghz's; durations in seconds, sizes in bytes."""

    host: str
    config: str | None
    proto: str | None
    protoset: str | None
    call: str
    import_paths: str | None
    reflect_metadata: str | None
    cacert: str | None
    cert: str | None
    key: str | None
    cname: str | None
    skip_tls: bool
    insecure: bool
    authority: str | None
    alpn: str
    engine: str
    async_: bool
    rps: float
    load_schedule: str
    load_start: int
    load_step: int
    load_end: int
    load_step_duration: float
    load_max_duration: float
    concurrency: int
    concurrency_schedule: str
    concurrency_start: int
    concurrency_end: int
    concurrency_step: int
    concurrency_step_duration: float
    concurrency_max_duration: float
    total: int
    timeout: float
    duration: float
    max_duration: float
    duration_stop: str
    data: str | None
    data_file: str | None
    binary: bool
    binary_file: str | None
    metadata: str | None
    metadata_file: str | None
    disable_template_functions: bool
    disable_template_data: bool
    stream_interval: float
    stream_call_duration: float
    stream_call_count: int
    stream_dynamic_messages: bool
    output: str | None
    format: str
    skip_first: int
    count_errors: bool
    expect: tuple[str, ...]
    connections: int
    connect_timeout: float
    keepalive: float
    workers: int | None
    warm_up: float
    enable_compression: bool
    lb_strategy: str | None
    max_recv_message_size: int | None
    max_send_message_size: int | None
    name: str | None
    tags: str | None
    cpus: int | None
    debug: str | None
    quiet: bool

    @property
    def processes(self) -> int:
        """Workers: as many as were asked for, or as ghz's --cpus allows and there are connections and calls for."""
        if self.workers:
            return self.workers
        return min(self.cpus or 1, self.connections, self.connections if self.duration else self.total)

    @property
    def total_s(self) -> float:
        """When the run ends in time, 0 for never: ghz's --max-duration is --duration under another name there."""
        return self.duration or self.max_duration


def string_map(text: str | None, option: str) -> dict[str, str]:
    """A JSON object of strings. Raises click.UsageError."""
    try:
        values = json.loads(text) if text and text.strip() else {}
    except json.JSONDecodeError as error:
        raise click.UsageError(f"{option} is not JSON: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise click.UsageError(f'{option} is a JSON object of strings, such as {{"x-tag": "a"}}')
    return values
