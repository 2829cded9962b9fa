"""How requests ended, by the counters of an Envoy as Envoy 1.40 writes them."""

from gatelab.experiment.envoys.outcomes import Outcomes, OutcomeTally, of_host, outcomes

A, B = ("shop/till:80", ("10.0.0.1", 80)), ("shop/till:80", ("10.0.0.2", 80))
STATS = """\
# TYPE envoy_http_downstream_rq_total counter
envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="admin"} 9
envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="port-443/https"} 57
envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="port-80/http"} 3
envoy_http_no_route{envoy_http_conn_manager_prefix="port-80/http"} 4
envoy_http_rq_direct_response{envoy_http_conn_manager_prefix="port-443/https"} 3
envoy_http_rq_direct_response{envoy_http_conn_manager_prefix="admin"} 8
envoy_cluster_upstream_cx_none_healthy{envoy_cluster_name="shop/till_80"} 6
envoy_cluster_upstream_cx_none_healthy{envoy_cluster_name="shop/other_80"} 60
envoy_listener_ssl_connection_error{envoy_listener_address="127.65.128.1_443"} 2
"""


def test_the_counters_of_one_moment() -> None:
    found = outcomes({A: (1, 0)}, STATS, {"shop/till_80": "shop/till:80"}.get)
    assert (found.received, found.refused, found.endpoints) == (60, 2, {A: (1, 0)})
    assert (found.unrouted, found.unready) == (7, {"shop/till:80": 6})


def test_what_nobody_asked_for_is_not_there() -> None:
    assert outcomes({}, "", dict[str, str]().get) == Outcomes()


def test_zero_is_left_out_and_numbers_are_text() -> None:
    assert of_host({"stats": [{"name": "rq_success", "value": "10"}, {"name": "rq_error"}]}) == (10, 0)
    assert of_host({}) == (0, 0)


def test_only_what_came_after_the_start_counts_and_what_fell_began_anew() -> None:
    tally = OutcomeTally()
    tally.start(Outcomes({A: (10, 1)}, 11, 5))
    tally.add(Outcomes({A: (15, 1), B: (3, 2)}, 20, 5, 3, {"shop/till:80": 6}))
    tally.add(Outcomes({A: (2, 0), B: (4, 2)}, 4, 6, 4, {"shop/till:80": 7}))
    assert (tally.ok, tally.failed) == ({"shop/till:80": 5 + 3 + 2 + 1}, {"shop/till:80": 2})
    assert (tally.received, tally.refused, tally.unrouted, tally.unready) == (9 + 4, 1, 4, {"shop/till:80": 7})
