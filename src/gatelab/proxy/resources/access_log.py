"""A line per request on Envoy's standard output: AccessLog."""

from collections.abc import Sequence

from envoy.config.accesslog.v3.accesslog_pb2 import AccessLog
from envoy.config.core.v3.base_pb2 import DataSource
from envoy.config.core.v3.substitution_format_string_pb2 import SubstitutionFormatString
from envoy.extensions.access_loggers.stream.v3.stream_pb2 import StdoutAccessLog
from google.protobuf.struct_pb2 import Struct

from gatelab.proxy import model
from gatelab.proxy.resources.encoded import packed

_FIELDS = {
    "time": "%START_TIME%",
    "method": "%REQ(:METHOD)%",
    "authority": "%REQ(:AUTHORITY)%",
    "path": "%PATH(NQ)%",
    "protocol": "%PROTOCOL%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS%",
    "flags": "%RESPONSE_FLAGS%",
    "duration_ms": "%DURATION%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "backend": "%UPSTREAM_HOST%",
    "cluster": "%UPSTREAM_CLUSTER_RAW%",
    "route": "%ROUTE_NAME%",
}
"""Neither headers nor queries of which nobody said that they may be written down; the path is without its query."""


def access_logs(form: model.AccessLog) -> Sequence[AccessLog]:
    """The log of a chain, if it has one. `text` is the fields of `json` as `name=value`."""
    if form == "off":
        return ()
    line = SubstitutionFormatString(omit_empty_values=True)
    if form == "json":
        values = Struct()
        values.update(_FIELDS)
        line.json_format.CopyFrom(values)
    else:
        text = " ".join(f"{name}={value}" for name, value in _FIELDS.items())
        line.text_format_source.CopyFrom(DataSource(inline_string=f"{text}\n"))
    return (AccessLog(name="envoy.access_loggers.stdout", typed_config=packed(StdoutAccessLog(log_format=line))),)
