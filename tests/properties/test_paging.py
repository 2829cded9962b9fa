"""A list in pieces gives each object of its version exactly once, whatever is written in between."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from asgi_requests import TOKEN, Requests
from fake_logs import FakeLogs
from gatelab.apiserver import create_app
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.kinds.objects import Key
from gatelab.store import Store

NAMES = st.sampled_from("abcdefghij")
PATH = "/api/v1/configmaps"


@settings(max_examples=60, deadline=None)
@given(
    first=st.sets(NAMES),
    writes=st.lists(st.lists(NAMES, max_size=4), max_size=12),
    limit=st.integers(min_value=1, max_value=4),
)
def test_each_object_exactly_once(first: set[str], writes: list[list[str]], limit: int) -> None:
    asyncio.run(_paged(first, writes, limit))


async def _paged(first: set[str], writes: list[list[str]], limit: int) -> None:
    store = Store.open(None)
    api = Requests(create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=FakeLogs()))
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    for name in first:
        await _toggle(store, name)
    whole = (await api("GET", PATH)).json["items"]
    seen: list[object] = []
    token = ""
    for between in (*writes, *([] for _ in range(20))):
        page = (await api("GET", f"{PATH}?limit={limit}" + (f"&continue={token}" if token else ""))).json
        assert len(page["items"]) <= limit
        assert page["metadata"].get("remainingItemCount", 0) == len(whole) - len(seen) - len(page["items"])
        seen += page["items"]
        token = page["metadata"].get("continue", "")
        if not token:
            break
        for name in between:
            await _toggle(store, name)
    assert seen == whole
    await store.close()


async def _toggle(store: Store, name: str) -> None:
    key = Key("default", name)
    if any(each.key == key for each in store.list(CONFIG_MAP)[0]):
        await store.delete(CONFIG_MAP, key)
    else:
        await store.create(CONFIG_MAP, {"metadata": {"name": name, "namespace": "default"}})
