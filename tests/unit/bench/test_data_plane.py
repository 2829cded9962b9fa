"""What the measurement of the data plane makes of what it measured."""

import pytest

from bench.data_plane import order, summary
from bench.data_plane_load import http_load
from bench.data_plane_proxies import rendered

VALUES = {
    "direct": {"grpc_p50_us": [100.0, 100.0], "grpc_cpu_us_paced": [0.0, 0.0]},
    "gatelab": {"grpc_p50_us": [310.0, 290.0, 300.0], "grpc_cpu_us_paced": [44.0, 100.0, 42.0]},
    "lean": {"grpc_p50_us": [260.0, 240.0, 250.0], "grpc_cpu_us_paced": [40.0, 100.0, 40.0]},
    "nginx": {"grpc_p50_us": [200.0], "grpc_cpu_us_paced": [88.0]},
}


def test_each_of_the_others_is_between_two_turns_of_the_pair() -> None:
    names = ("direct", "gatelab", "lean", "nginx")
    assert order(names, 0) == ["gatelab", "lean", "direct", "lean", "gatelab", "nginx", "gatelab", "lean"]
    assert order(names, 1)[:2] == ["lean", "gatelab"]


def test_the_backends_own_latency_is_no_part_of_what_a_proxy_adds() -> None:
    found = summary(VALUES)
    assert found["medians"]["gatelab"]["grpc_added_p50_us"] == 200
    assert found["ratios"]["gatelab : lean"]["grpc_added_p50_us"] == 1.333
    assert found["ratios"]["gatelab : nginx"] == {"grpc_cpu_us_paced": 0.5, "grpc_added_p50_us": 2.0}


def test_cpu_times_of_the_pair_are_compared_turn_by_turn() -> None:
    found = summary(VALUES)
    assert found["ratios"]["gatelab : lean"]["grpc_cpu_us_paced"] == 1.05
    assert found["spread of gatelab : lean"]["grpc_cpu_us_paced"] == [1.025, 1.075]


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
