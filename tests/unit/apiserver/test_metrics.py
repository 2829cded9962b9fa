"""/metrics of the API: what is counted, under which labels, and who may see it."""

import asyncio
from typing import Any

from asgi_requests import Requests
from exposition import problems, total

Json = dict[str, Any]
MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


async def metrics(api: Requests) -> str:
    answer = await api("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert problems(answer.body.decode()) == []
    return answer.body.decode()


async def test_requests_are_counted_by_verb_resource_and_code(api: Requests) -> None:
    await api("POST", MAPS, config_map("a"))
    await api("POST", MAPS, config_map("a"))
    await api("GET", MAPS)
    await api("GET", f"{MAPS}/a")
    await api("DELETE", MAPS)
    said = await metrics(api)
    assert total(said, "apiserver_request_total", verb="POST", resource="configmaps", code="201") == 1
    assert total(said, "apiserver_request_total", verb="POST", resource="configmaps", code="409") == 1
    assert total(said, "apiserver_request_total", verb="LIST", scope="namespace", code="200") == 1
    assert total(said, "apiserver_request_total", verb="GET", scope="resource", code="200") == 1
    assert total(said, "apiserver_request_total", verb="DELETECOLLECTION", code="200") == 1
    assert total(said, "apiserver_request_duration_seconds_count", verb="POST", resource="configmaps") == 2


async def test_an_apply_is_not_a_patch(api: Requests) -> None:
    path = f"{MAPS}/a?fieldManager=me"
    await api("PATCH", path, config_map("a"), content_type="application/apply-patch+yaml")
    await api("PATCH", f"{MAPS}/a", {"data": {"k": "v"}}, content_type="application/merge-patch+json")
    said = await metrics(api)
    assert total(said, "apiserver_request_total", verb="APPLY") == 1
    assert total(said, "apiserver_request_total", verb="PATCH") == 1


async def test_paths_and_methods_of_anybodys_choice_make_no_series(api: Requests) -> None:
    for path in ("/secret-path", "/api/v1/no-such-kind", "/apis/made.up/v1/things", "/%ff"):
        await api("GET", path)
    await api("BREW", MAPS)
    await api("GET", f"{MAPS}/no-such-name")
    said = await metrics(api)
    for word in ("secret-path", "no-such", "made.up", "BREW"):
        assert word not in said
    assert total(said, "apiserver_request_total", resource="", code="404") == 4
    assert total(said, "apiserver_request_total", verb="other", code="405") == 1


async def test_a_watch_is_long_running_while_it_lasts(api: Requests) -> None:
    async with api.lines(f"{MAPS}?watch=1") as lines:
        await lines.head()
        said = await metrics(api)
        assert total(said, "apiserver_longrunning_requests", verb="WATCH", resource="configmaps") == 1
        assert total(said, "apiserver_request_total", verb="WATCH", code="200") == 1
        assert total(said, "apiserver_current_inflight_requests", request_kind="readOnly") == 1, "this question"
    said = await metrics(api)
    assert total(said, "apiserver_longrunning_requests") == 0
    assert total(said, "apiserver_request_duration_seconds_count", verb="WATCH") == 0


async def test_what_is_refused_is_counted_and_the_metrics_are_for_the_authenticated(api: Requests) -> None:
    answer = await api("GET", "/metrics", headers={"authorization": "Bearer wrong"})
    assert answer.status == 401
    assert total(await metrics(api), "apiserver_request_total", verb="GET", code="401") == 1


async def test_no_request_is_in_flight_for_ever(api: Requests) -> None:
    await asyncio.gather(*(api("GET", MAPS) for _ in range(20)), *(api("POST", MAPS, b"{") for _ in range(20)))
    said = await metrics(api)
    assert total(said, "apiserver_current_inflight_requests", request_kind="mutating") == 0
    assert total(said, "apiserver_request_total", verb="POST", code="400") == 20
