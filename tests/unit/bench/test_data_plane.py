"""What the measurement of the data plane makes of what it measured."""

from pathlib import Path

import pytest
import yaml

from bench.data_plane import summary
from bench.data_plane_instructions import static, together
from bench.data_plane_load import http_load
from bench.data_plane_pairs import forth_and_back, interval, ratios
from bench.data_plane_proxies import Site, lean_config, rendered
from proxy_configs import SelfSigned

VALUES = {
    "direct": {"grpc_p50_us": [100.0, 100.0], "grpc_cpu_us_paced": [0.0, 0.0]},
    "gatelab": {"grpc_p50_us": [310.0, 290.0, 300.0], "grpc_cpu_us_paced": [44.0, 100.0, 42.0]},
    "lean": {"grpc_p50_us": [260.0, 240.0, 250.0], "grpc_cpu_us_paced": [40.0, 100.0, 40.0]},
    "nginx": {"grpc_p50_us": [200.0], "grpc_cpu_us_paced": [88.0]},
}
TURNS = {
    "gatelab": {"grpc_p50_us": [300.0, 310.0], "grpc_cpu_us_paced": [42.0, 42.0, 104.0, 106.0, 80.0, 76.0]},
    "lean": {"grpc_p50_us": [200.0, 200.0], "grpc_cpu_us_paced": [40.0, 40.0, 98.0, 102.0, 60.0, 60.0]},
    "lean again": {"grpc_p50_us": [200.0, 210.0], "grpc_cpu_us_paced": [40.0, 40.0, 99.0, 101.0, 54.0, 54.0]},
}


def test_a_block_goes_forth_and_back_and_another_one_begins_each() -> None:
    assert forth_and_back(("a", "b", "c"), 0) == ["a", "b", "c", "c", "b", "a"]
    assert forth_and_back(("a", "b", "c"), 4) == ["b", "c", "a", "a", "c", "b"]


def test_the_backends_own_latency_is_no_part_of_what_a_proxy_adds() -> None:
    found = summary(VALUES, TURNS)
    assert found["medians"]["gatelab"]["grpc_added_p50_us"] == 200
    assert found["ratios"]["gatelab : nginx"] == {"grpc_cpu_us_paced": 0.5, "grpc_added_p50_us": 2.0}
    assert found["ratios"]["gatelab : lean"]["grpc_added_p50_us"] == 2.05


def test_the_pair_is_compared_block_by_block_and_beside_two_of_the_same() -> None:
    found = summary(VALUES, TURNS)
    assert found["ratios"]["gatelab : lean"]["grpc_cpu_us_paced"] == 1.05
    assert found["spread of gatelab : lean"]["grpc_cpu_us_paced"] == (1.05, 1.3)
    assert found["ratios"]["lean : lean"] == {"grpc_cpu_us_paced": 1.0, "grpc_added_p50_us": 1.05}
    assert found["spread of lean : lean"]["grpc_cpu_us_paced"] == (0.9, 1.0)


def test_a_block_in_which_the_proxy_adds_nothing_has_no_ratio() -> None:
    assert ratios([300.0, 300.0, 300.0, 300.0], [90.0, 90.0, 200.0, 200.0], less=100.0) == [2.0]


@pytest.mark.parametrize(
    ("number", "around"), [(2, (1, 2)), (5, (1, 5)), (6, (1, 6)), (9, (2, 8)), (12, (3, 10)), (20, (6, 15))]
)
def test_the_interval_is_that_of_the_sign_test(number: int, around: tuple[int, int]) -> None:
    """The ranks are those of the tables for 95 %."""
    assert interval([float(each) for each in range(number, 0, -1)]) == around


def test_what_an_envoy_runs_is_made_static_with_the_certificate_of_the_lean_one() -> None:
    site = Site(Path("/f"), SelfSigned(b"", b""), (("127.0.0.2", 1),), (("127.0.0.3", 2),))
    lean = yaml.safe_load(lean_config(site, 0))
    found = together({"gatelab": static(DUMP, lean, site), "lean": lean}, {"gatelab": 1001, "lean": 1002})
    ours, theirs = found["static_resources"]["listeners"]
    assert [each["address"]["socket_address"]["port_value"] for each in (ours, theirs)] == [1001, 1002]
    chain = ours["filter_chains"][0]
    assert "rds" not in chain["filters"][0]["typed_config"]
    (certificate,) = chain["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificates"]
    assert certificate["private_key"] == {"filename": "/f/tls.key"}
    (host,) = chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]
    clusters = {each["name"]: each for each in found["static_resources"]["clusters"]}
    assert host["routes"][0]["route"]["cluster"] == "gatelab a"
    assert clusters["gatelab a"] == {
        "name": "gatelab a",
        "type": "STATIC",
        "load_assignment": {"cluster_name": "gatelab a", "endpoints": []},
    }
    assert set(clusters) == {"gatelab a", "lean grpc", "lean http"}


def _dumped(section: str, key: str, content: object) -> dict[str, object]:
    return {"@type": f"type.googleapis.com/envoy.admin.v3.{section}", key: [content]}


_CHAIN = {
    "filters": [{"typed_config": {"rds": {"route_config_name": "r"}}}],
    "transport_socket": {"typed_config": {"common_tls_context": {"tls_certificate_sds_secret_configs": []}}},
}
_HOSTS = [{"routes": [{"route": {"cluster": "a"}}, {"direct_response": {"status": 404}}]}]
DUMP = {
    "configs": [
        _dumped(
            "ListenersConfigDump", "dynamic_listeners", {"active_state": {"listener": {"filter_chains": [_CHAIN]}}}
        ),
        _dumped("RoutesConfigDump", "dynamic_route_configs", {"route_config": {"name": "r", "virtual_hosts": _HOSTS}}),
        _dumped("ScopedRoutesConfigDump", "nothing", {}),
        _dumped(
            "EndpointsConfigDump",
            "dynamic_endpoint_configs",
            {"endpoint_config": {"cluster_name": "a", "endpoints": []}},
        ),
        _dumped("ClustersConfigDump", "dynamic_active_clusters", {"cluster": {"name": "a", "eds_cluster_config": {}}}),
    ]
}


def test_the_log_of_h2load_is_read() -> None:
    load = http_load("1000000\t200\t400\n1500000\t200\t200\n1999000\t200\t1000\n", 0.03)
    assert (load.p50_us, round(load.cpu_us), load.rps) == (400, 10000, 3.0)


def test_an_answer_that_is_wrong_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match=r"1 of 2 requests were not answered with 200: \[503\]"):
        http_load("1000000\t200\t400\n1500000\t503\t200\n", 0.03)


def test_every_placeholder_of_a_configuration_must_be_filled_in() -> None:
    assert "listen 127.0.0.1:8443 ssl http2" in rendered(
        "nginx.conf", FOLDER="/f", HOST="127.0.0.1", PORT=8443, GRPC_SERVERS="", HTTP_SERVERS=""
    )
    with pytest.raises(KeyError):
        rendered("sink.yaml", HOST="127.0.0.1")
