"""Changes of headers, of a route or of one of its backends: HeaderValueOption."""

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import Route, WeightedCluster

from gatelab.proxy.model import HeaderChanges

_SET = HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
_ADD = HeaderValueOption.APPEND_IF_EXISTS_OR_ADD


def change_headers(
    message: Route | WeightedCluster.ClusterWeight, request: HeaderChanges, response: HeaderChanges
) -> None:
    """Puts the changes into the route or the share. Envoy removes before it adds."""
    message.request_headers_to_remove.extend(request.remove)
    message.request_headers_to_add.extend(_options(request))
    message.response_headers_to_remove.extend(response.remove)
    message.response_headers_to_add.extend(_options(response))


def _options(changes: HeaderChanges) -> list[HeaderValueOption]:
    return [_option(*each, _SET) for each in changes.set] + [_option(*each, _ADD) for each in changes.add]


def _option(name: str, value: str, action: HeaderValueOption.HeaderAppendAction) -> HeaderValueOption:
    # Envoy reads %...% as a command of its own.
    return HeaderValueOption(header=HeaderValue(key=name, value=value.replace("%", "%%")), append_action=action)
