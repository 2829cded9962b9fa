"""Where Envoy gets the resources that others name: over the one stream that it has."""

import functools

from envoy.config.core.v3.config_source_pb2 import AggregatedConfigSource, ApiVersion, ConfigSource
from google.protobuf.duration_pb2 import Duration


@functools.cache
def over_ads() -> ConfigSource:
    """The aggregated stream, waited for without limit.

    After Envoy's default of 15 s a listener would go into service without its routes or certificate, or a cluster
    without endpoints, and replace one that worked. Without limit the last good one serves until the new one is whole.
    """
    return ConfigSource(
        ads=AggregatedConfigSource(), resource_api_version=ApiVersion.V3, initial_fetch_timeout=Duration(seconds=0)
    )


def duration(seconds: float) -> Duration:
    """Seconds as protobuf has them, to the nanosecond."""
    whole, nanos = divmod(round(seconds * 1e9), 1_000_000_000)
    return Duration(seconds=whole, nanos=nanos)
