"""Lists: in pieces, of a version, selected."""

from collections.abc import AsyncIterator

import pytest

import api_objects as make
from asgi_requests import TOKEN, Requests
from fake_logs import FakeLogs
from gatelab.apiserver import create_app
from gatelab.kinds.builtin import NAMESPACE
from gatelab.store import Store

SERVICES = "/api/v1/namespaces/default/services"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


@pytest.fixture
async def forgetful() -> AsyncIterator[Requests]:
    """An API whose store remembers two writes of a kind at most."""
    store = Store(history_limit=1)
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    yield Requests(create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=FakeLogs()))
    await store.close()


async def some(api: Requests, names: str) -> None:
    for name in names:
        await api("POST", SERVICES, make.service(name))


def names(answer: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [each["metadata"]["name"] for each in answer["items"]]


async def test_pieces_are_those_of_the_version_that_the_list_began_with(api: Requests) -> None:
    await some(api, "abcd")
    first = (await api("GET", f"{SERVICES}?limit=2")).json
    assert names(first) == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 2
    await api("DELETE", f"{SERVICES}/c")
    await some(api, "e")
    rest = (await api("GET", f"{SERVICES}?limit=5&continue={first['metadata']['continue']}")).json
    assert names(rest) == ["c", "d"]
    assert rest["metadata"] == {"resourceVersion": first["metadata"]["resourceVersion"]}


async def test_tables_come_in_pieces_too(api: Requests) -> None:
    await some(api, "abc")
    table = (await api("GET", f"{SERVICES}?limit=2", headers=TABLE)).json
    assert len(table["rows"]) == 2
    assert table["metadata"]["remainingItemCount"] == 1
    assert table["metadata"]["continue"]


async def test_what_remains_is_not_counted_behind_a_selector(api: Requests) -> None:
    await some(api, "abc")
    first = (await api("GET", f"{SERVICES}?limit=1&fieldSelector=metadata.name%21%3Db")).json
    assert "remainingItemCount" not in first["metadata"]
    rest = (
        await api("GET", f"{SERVICES}?continue={first['metadata']['continue']}&fieldSelector=metadata.name!=b")
    ).json
    assert names(rest) == ["c"]


async def test_a_token_outlived_by_its_version_brings_another(forgetful: Requests) -> None:
    api = forgetful
    await some(api, "abc")
    token = (await api("GET", f"{SERVICES}?limit=1")).json["metadata"]["continue"]
    await some(api, "xyz")
    late = await api("GET", f"{SERVICES}?continue={token}")
    assert (late.status, late.json["reason"]) == (410, "Expired")
    assert late.message.startswith("The provided continue parameter is too old to display a consistent list result.")
    rest = await api("GET", f"{SERVICES}?continue={late.json['metadata']['continue']}")
    assert names(rest.json) == ["b", "c", "x", "y", "z"]


@pytest.mark.parametrize("token", ["x", "bm9uc2Vuc2U", "%C3%A4", "eyJ2IjoxfQ"])
async def test_a_token_of_somebody_else_is_refused(api: Requests, token: str) -> None:
    answer = await api("GET", f"{SERVICES}?limit=1&continue={token}")
    assert answer.status == 400
    assert "continue key is not valid" in answer.message


async def test_a_list_of_exactly_a_version(api: Requests) -> None:
    await some(api, "a")
    version = (await api("GET", SERVICES)).json["metadata"]["resourceVersion"]
    await some(api, "b")
    asked = f"{SERVICES}?resourceVersion={version}&resourceVersionMatch="
    exact = (await api("GET", asked + "Exact")).json
    assert (names(exact), exact["metadata"]["resourceVersion"]) == (["a"], version)
    assert names((await api("GET", asked + "NotOlderThan")).json) == ["a", "b"]
    assert names((await api("GET", f"{SERVICES}?resourceVersion={version}&limit=9")).json) == ["a"]


async def test_a_list_of_exactly_a_version_that_is_no_longer_held(forgetful: Requests) -> None:
    version = (await forgetful("GET", SERVICES)).json["metadata"]["resourceVersion"]
    await some(forgetful, "abcd")
    late = await forgetful("GET", f"{SERVICES}?resourceVersion={version}&resourceVersionMatch=Exact")
    assert (late.status, late.message) == (410, "The resourceVersion for the provided list is too old.")


@pytest.mark.parametrize("match", ["", "&resourceVersionMatch=NotOlderThan", "&resourceVersionMatch=Exact"])
async def test_a_version_still_to_come_is_410(api: Requests, match: str) -> None:
    answer = await api("GET", f"{SERVICES}?resourceVersion=999999{match}")
    assert answer.status == 410
    assert "too large resource version" in answer.message


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ("resourceVersionMatch=Newer&resourceVersion=1", 'Unsupported value: "Newer"'),
        ("resourceVersionMatch=Exact&resourceVersion=0", 'resourceVersionMatch "exact" is forbidden'),
        ("sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
        ("watch=1&sendInitialEvents=true", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ("watch=1&resourceVersionMatch=NotOlderThan", "forbidden for watch unless sendInitialEvents is provided"),
    ],
)
async def test_options_that_contradict_each_other(api: Requests, query: str, says: str) -> None:
    answer = await api("GET", f"{SERVICES}?{query}")
    assert answer.status == 422
    assert answer.message.startswith('ListOptions.meta.k8s.io "" is invalid: ')
    assert says in answer.message


@pytest.mark.parametrize(
    ("path", "field", "says"),
    [
        ("/api/v1/pods", "spec.containers", "field label not supported: spec.containers"),
        ("/api/v1/events", "message", "field label not supported: message"),
        (
            "/apis/apps/v1/deployments",
            "spec.replicas",
            '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
    ],
)
@pytest.mark.parametrize("watch", ["0", "1"])
async def test_a_field_that_is_not_selected_by(api: Requests, path: str, field: str, says: str, watch: str) -> None:
    answer = await api("GET", f"{path}?fieldSelector={field}%3Dx&watch={watch}")
    assert (answer.status, answer.message) == (400, says)


@pytest.mark.parametrize(
    "field",
    ["involvedObject.name=web", "reason=Pulled", "type=Normal", "source=kubelet", "involvedObject.kind!=Node"],
)
async def test_events_are_selected_by_what_they_are_about(api: Requests, field: str) -> None:
    event = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web"},
        "reason": "Pulled",
        "type": "Normal",
        "source": {"component": "kubelet"},
    }
    path = "/api/v1/namespaces/default/events"
    assert (await api("POST", path, event)).status == 201
    assert names((await api("GET", f"{path}?fieldSelector={field}")).json) == ["e"]
    other = field.replace("!=", "=") if "!=" in field else field.replace("=", "!=")
    assert names((await api("GET", f"{path}?fieldSelector={other}")).json) == []
