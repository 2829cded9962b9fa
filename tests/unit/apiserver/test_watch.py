"""Watches."""

import api_objects as make
from asgi_requests import Requests
from gatelab.apiserver.verbs.watch import _pieces

SERVICES = "/api/v1/namespaces/default/services"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


async def version(api: Requests) -> str:
    return str((await api("GET", SERVICES)).json["metadata"]["resourceVersion"])


async def test_changes_come_as_lines(api: Requests) -> None:
    since = await version(api)
    async with api.lines(f"{SERVICES}?watch=1&resourceVersion={since}") as lines:
        assert (await lines.head())["status"] == 200
        await api("POST", SERVICES, make.service())
        await api("DELETE", f"{SERVICES}/hello")
        added, deleted = await lines.next(), await lines.next()
    assert (added["type"], added["object"]["metadata"]["name"]) == ("ADDED", "hello")
    assert deleted["type"] == "DELETED"
    assert int(deleted["object"]["metadata"]["resourceVersion"]) > int(added["object"]["metadata"]["resourceVersion"])


async def test_without_a_version_the_state_comes_first(api: Requests) -> None:
    await api("POST", SERVICES, make.service("a"))
    for query in ("watch=true", "watch=1&resourceVersion=0"):
        async with api.lines(f"{SERVICES}?{query}") as lines:
            assert (await lines.next())["object"]["metadata"]["name"] == "a"


async def test_a_version_from_the_future_is_410_in_band(api: Requests) -> None:
    async with api.lines(f"{SERVICES}?watch=1&resourceVersion=999999") as lines:
        line = await lines.next()
        assert (line["type"], line["object"]["code"], line["object"]["reason"]) == ("ERROR", 410, "Expired")
        assert await lines.next() is None


async def test_initial_events_end_with_a_bookmark(api: Requests) -> None:
    await api("POST", SERVICES, make.service("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    async with api.lines(f"{SERVICES}?{query}") as lines:
        assert (await lines.next())["type"] == "ADDED"
        bookmark = await lines.next()
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    assert bookmark["object"]["metadata"]["resourceVersion"] == await version(api)


async def test_a_watch_ends_when_its_time_is_up(api: Requests) -> None:
    async with api.lines(f"{SERVICES}?watch=1&timeoutSeconds=1&resourceVersion={await version(api)}") as lines:
        assert await lines.next() is None


async def test_tables_have_their_head_once(api: Requests) -> None:
    since = await version(api)
    async with api.lines(f"{SERVICES}?watch=1&resourceVersion={since}", accept=TABLE) as lines:
        await api("POST", SERVICES, make.service("a"))
        await api("POST", SERVICES, make.service("b"))
        first, second = await lines.next(), await lines.next()
    assert (first["object"]["kind"], first["object"]["rows"][0]["cells"][0]) == ("Table", "a")
    assert first["object"]["columnDefinitions"][0]["name"] == "Name"
    assert second["object"]["columnDefinitions"] is None


async def test_selectors_choose_what_is_seen(api: Requests) -> None:
    since = await version(api)
    query = f"watch=1&resourceVersion={since}&fieldSelector=metadata.name%3Db"
    async with api.lines(f"{SERVICES}?{query}") as lines:
        await api("POST", SERVICES, make.service("a"))
        await api("POST", SERVICES, make.service("b"))
        assert (await lines.next())["object"]["metadata"]["name"] == "b"


async def test_gateways_are_watched_in_the_version_asked_for(api: Requests) -> None:
    gateways = "/apis/gateway.networking.k8s.io/v1beta1/namespaces/default/gateways"
    await api("POST", gateways, make.gateway())
    async with api.lines(f"{gateways}?watch=1") as lines:
        assert (await lines.next())["object"]["apiVersion"] == "gateway.networking.k8s.io/v1beta1"


async def test_a_bookmark_comes_before_the_end(api: Requests) -> None:
    since = await version(api)
    query = f"watch=1&timeoutSeconds=1&allowWatchBookmarks=true&resourceVersion={since}"
    async with api.lines(f"{SERVICES}?{query}") as lines:
        await api("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "another-kind"}})
        bookmark = await lines.next()
        assert bookmark["type"] == "BOOKMARK"
        assert bookmark["object"]["metadata"]["resourceVersion"] == await version(api) != since
        assert await lines.next() is None


async def test_no_initial_events_means_from_now_on(api: Requests) -> None:
    await api("POST", SERVICES, make.service("a"))
    query = "watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan"
    async with api.lines(f"{SERVICES}?{query}") as lines:
        await lines.head()
        await api("POST", SERVICES, make.service("b"))
        assert (await lines.next())["object"]["metadata"]["name"] == "b"


async def test_who_takes_no_bookmarks_gets_none_behind_the_initial_events(api: Requests) -> None:
    await api("POST", SERVICES, make.service("a"))
    query = "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=1"
    async with api.lines(f"{SERVICES}?{query}") as lines:
        assert (await lines.next())["type"] == "ADDED"
        assert await lines.next() is None


def test_what_is_sent_at_once_is_bounded() -> None:
    lines = [bytes([number]) * 100_000 for number in range(20)]
    pieces = list(_pieces(iter(lines)))
    assert b"".join(pieces) == b"".join(lines)
    assert max(len(piece) for piece in pieces) < 400_000
    assert list(_pieces(iter([]))) == []
