"""Envoy's command line."""


def envoy_arguments(*, config_yaml: str, concurrency: int = 1, drain_time_s: int = 10) -> list[str]:
    """The arguments of an Envoy, without the program: a bootstrap (JSON is YAML), worker threads, seconds to drain.

    No hot restart: it would need shared memory that two Envoys of one machine fight over. A listener that is removed
    stops accepting at once, ends its connections with their next answer, and cuts what is left after `drain_time_s`.
    """
    return [
        "--config-yaml",
        config_yaml,
        "--concurrency",
        str(concurrency),
        "--disable-hot-restart",
        "--drain-time-s",
        str(drain_time_s),
        "--drain-strategy",
        "immediate",
        "--log-level",
        "warning",
    ]
