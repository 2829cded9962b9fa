"""How an Envoy starts: a bootstrap that holds nothing but the way to its control plane, its admin and a ready port."""

from typing import Any

from gatelab.proxy.drain_by_request import drain_filters, drain_route
from gatelab.proxy.regex import MAX_PROGRAM_SIZE

READ_ONLY_PATHS = ("/ready", "/stats/prometheus", "/clusters")
"""What the ready port serves of the admin interface; the rest of it can stop the proxy."""

_TYPE = "type.googleapis.com/envoy."
_XDS, _ADMIN = "gatelab.xds", "gatelab.admin"


def bootstrap(
    *,
    proxy: str,
    node_id: str,
    xds_socket: str,
    admin_socket: str,
    ready: tuple[str, int] | None,
    drain_path: str = "",
) -> dict[str, Any]:
    """Envoy's bootstrap, ready for JSON.

    `proxy` names the configuration that this Envoy gets (`node.cluster`), `node_id` the Envoy itself. `xds_socket` and
    `admin_socket` are paths of Unix sockets (under 107 bytes); `ready` is an address and port for `READ_ONLY_PATHS`, or
    None; with a `drain_path` a GET of that path there drains the Envoy, for whoever knows it. Values are put in as they
    are, so they may hold placeholders like `$(POD_IP)` that are filled in later.
    """
    config: dict[str, Any] = {
        "node": {"id": node_id, "cluster": proxy},
        "admin": {"address": {"pipe": {"path": admin_socket, "mode": 0o600}}},
        "dynamic_resources": _dynamic_resources(),
        "static_resources": {"clusters": [_xds_cluster(xds_socket)]},
        "layered_runtime": {"layers": [{"name": "static", "static_layer": _runtime()}]},
        "overload_manager": {"resource_monitors": [_connection_limit()]},
        # No timer that merges statistics nobody asked for: they are merged when they are read.
        "stats_flush_on_admin": True,
    }
    if ready is not None:
        config["static_resources"]["clusters"].append(_admin_cluster(admin_socket))
        config["static_resources"]["listeners"] = [_ready_listener(*ready, drain_path)]
    return config


def _connection_limit() -> dict[str, Any]:
    """Envoy warns on start when there is none; this one is what a process may open at all on most systems."""
    monitor = {
        "@type": _TYPE + "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        "max_active_downstream_connections": 1_000_000,
    }
    return {"name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": monitor}


def _runtime() -> dict[str, Any]:
    return {"re2.max_program_size.error_level": MAX_PROGRAM_SIZE}


def _dynamic_resources() -> dict[str, Any]:
    # Envoy starts its listeners when the control plane has spoken, however long that takes.
    over_ads = {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "0s"}
    stream = {
        "cluster_name": _XDS,
        # A control plane that comes back is found again within half a second; the default waits up to 30 s.
        "retry_policy": {"retry_back_off": {"base_interval": "0.05s", "max_interval": "0.5s"}},
    }
    return {
        "ads_config": {
            "api_type": "DELTA_GRPC",
            "transport_api_version": "V3",
            "set_node_on_first_message_only": True,
            "grpc_services": [{"envoy_grpc": stream}],
        },
        "lds_config": over_ads,
        "cds_config": over_ads,
    }


def _pipe_cluster(name: str, path: str) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": {"pipe": {"path": path}}}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _xds_cluster(path: str) -> dict[str, Any]:
    http2 = {"connection_keepalive": {"interval": "10s", "timeout": "5s"}}
    options = {
        "@type": _TYPE + "extensions.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": http2},
    }
    return _pipe_cluster(_XDS, path) | {
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}
    }


def _admin_cluster(path: str) -> dict[str, Any]:
    return _pipe_cluster(_ADMIN, path)


def _ready_listener(address: str, port: int, drain_path: str) -> dict[str, Any]:
    only_get = {"name": ":method", "string_match": {"exact": "GET"}}
    routes = [
        {"match": {"path": path, "headers": [only_get]}, "route": {"cluster": _ADMIN}} for path in READ_ONLY_PATHS
    ]
    filters = drain_filters(drain_path, _ADMIN) if drain_path else []
    if drain_path:
        routes.append(drain_route(drain_path))
    router = {"@type": _TYPE + "extensions.filters.http.router.v3.Router"}
    manager = {
        "@type": _TYPE + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": _ADMIN,
        "generate_request_id": False,
        "route_config": {"virtual_hosts": [{"name": _ADMIN, "domains": ["*"], "routes": routes}]},
        "http_filters": [*filters, {"name": "envoy.filters.http.router", "typed_config": router}],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {
        "name": "gatelab.ready",
        "stat_prefix": "gatelab.ready",
        "address": {"socket_address": {"address": address, "port_value": port}},
        "enable_reuse_port": False,
        "filter_chains": [{"filters": [network]}],
    }
