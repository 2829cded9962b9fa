"""What an Envoy answers on its admin interface, for tests without one."""

import json
from collections.abc import Mapping


def clusters(**endpoints: Mapping[tuple[str, int], int]) -> bytes:
    """`/clusters?format=json` as Envoy 1.40 writes it: 64 bits as text, zero left out."""

    def host(address: tuple[str, int], count: int) -> dict[str, object]:
        counter = {"name": "rq_total", "value": str(count)} if count else {"name": "rq_total"}
        gauge = {"type": "GAUGE", "name": "rq_active"}
        socket = {"address": address[0], "port_value": address[1]}
        return {"address": {"socket_address": socket}, "stats": [{"name": "cx_total", "value": "9"}, counter, gauge]}

    statuses = [
        {"name": name, "host_statuses": [host(*each) for each in hosts.items()]} for name, hosts in endpoints.items()
    ]
    pipe = {"name": "gatelab.xds", "host_statuses": [{"address": {"pipe": {"path": "/x"}}}]}
    return json.dumps({"cluster_statuses": [*statuses, pipe, {"name": "empty"}]}).encode()
