"""How much is generated, and what must hold of every answer of the API, whatever was asked.

How many: `fuzz_profile`.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from hypothesis import HealthCheck, settings

from asgi_requests import TOKEN, Answer, Requests
from custom_objects import definition
from fake_logs import FakeLogs
from fuzz_profile import count
from gatelab.apiserver import create_app
from gatelab.kinds.builtin import CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from gatelab.store import Store


def examples(usual: int) -> settings:
    """Settings for so many examples, or as many as the profile says."""
    return settings(
        max_examples=count(usual),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


class _Bugs(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@contextmanager
def no_bugs() -> Iterator[None]:
    """Fails when an error was logged during the block, with what was logged."""
    bugs, root = _Bugs(), logging.getLogger()
    root.addHandler(bugs)
    try:
        yield
    finally:
        root.removeHandler(bugs)
    assert not bugs.found, "\n".join(bugs.found)


async def an_api(*, defined: bool = False) -> tuple[Store, Requests]:
    """The API on a store with a namespace, and with Widgets (`custom_objects`) where they are asked for."""
    store = Store.open(None)
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    api = Requests(create_app(store, token=TOKEN, hosts=frozenset({"127.0.0.1"}), logs=FakeLogs()))
    if defined:
        answer = await api("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
        assert answer.status == 201, answer.body
        await _served(store)
    return store, api


async def _served(store: Store) -> None:
    watch = store.watch(CUSTOM_RESOURCE_DEFINITION, since=store.version)
    async with asyncio.timeout(30):
        while "conditions" not in store.list(CUSTOM_RESOURCE_DEFINITION)[0][0].object.get("status", {}):
            await watch.batch()


def check(answer: Answer, asked: object) -> None:
    """An answer is ours: no 5xx but for pods that do not answer, a Status for a refusal, JSON where it says so."""
    if answer.status == 503:
        assert answer.json["reason"] == "ServiceUnavailable", asked
    else:
        assert answer.status < 500, (asked, answer.body)
    head = sum(len(name) + len(value) for name, value in answer.all_headers)
    assert head < 40_000, asked
    assert all(value.isprintable() for _, value in answer.all_headers), asked
    if answer.headers.get("content-type", "").startswith("application/json") and answer.body:
        value = msgspec.json.decode(answer.body.partition(b"\n")[0] if b"\n" in answer.body else answer.body)
        assert answer.status < 400 or value["kind"] == "Status", asked
    else:
        assert answer.status < 400 or answer.status == 499 or not answer.body, (asked, answer)
