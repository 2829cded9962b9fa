"""The store against a naive model: any order of writes; every watch, from every version, tells the same story."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.kinds.errors import AlreadyExists, Conflict, NotFound
from gatelab.kinds.objects import Key
from gatelab.kinds.selectors import from_query
from gatelab.store import Store

NAMES = st.sampled_from(["a", "b", "c"])
COLOURS = st.sampled_from(["red", "blue"])
DATA = st.dictionaries(st.sampled_from(["x", "y"]), st.text(max_size=3), max_size=2)


def config_map(name: str, data: dict[str, str], colour: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "labels": {"colour": colour}}, "data": data}


class Stories(RuleBasedStateMachine):
    """Writes to a store, with the model as a dict of name to (data, colour, version)."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = TemporaryDirectory()
        self.journal = Path(self.folder.name) / "journal.db"
        self.store = self.runner.run(self.opened())
        self.model: dict[str, tuple[dict[str, str], str]] = {}
        self.states: dict[int, dict[str, int]] = {}

    @initialize()
    def namespace(self) -> None:
        self.run(self.store.create(NAMESPACE, {"metadata": {"name": "shop"}}))
        self.remember()

    async def opened(self) -> Store:
        return Store.open(self.journal)

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def remember(self) -> None:
        listed, version = self.store.list(CONFIG_MAP)
        self.states[version] = {each.key.name: each.version for each in listed}

    @rule(name=NAMES, data=DATA, colour=COLOURS)
    def create(self, name: str, data: dict[str, str], colour: str) -> None:
        creation = self.store.create(CONFIG_MAP, config_map(name, data, colour))
        if name in self.model:
            with pytest.raises(AlreadyExists):
                self.run(creation)
            return
        made = self.run(creation)
        assert made.version > max(self.states)
        self.model[name] = (data, colour)
        self.remember()

    @rule(name=NAMES, data=DATA, colour=COLOURS)
    def update(self, name: str, data: dict[str, str], colour: str) -> None:
        replacement = self.store.update(CONFIG_MAP, config_map(name, data, colour))
        if name not in self.model:
            with pytest.raises(NotFound):
                self.run(replacement)
            return
        before = self.store.version
        self.run(replacement)
        assert (self.store.version > before) is (self.model[name] != (data, colour))
        self.model[name] = (data, colour)
        self.remember()

    @precondition(lambda self: self.model)
    @rule(name=NAMES, versions=st.integers(min_value=1, max_value=50))
    def a_stale_version_conflicts(self, name: str, versions: int) -> None:
        if name not in self.model:
            return
        stale = config_map(name, {"stale": ""}, "red")
        stale["metadata"]["resourceVersion"] = str(self.store.get(CONFIG_MAP, Key("shop", name)).version - versions)
        with pytest.raises(Conflict):
            self.run(self.store.update(CONFIG_MAP, stale))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        deletion = self.store.delete(CONFIG_MAP, Key("shop", name))
        if name not in self.model:
            with pytest.raises(NotFound):
                self.run(deletion)
            return
        self.run(deletion)
        del self.model[name]
        self.remember()

    @rule()
    def restart(self) -> None:
        before = [(each.key, each.data) for each in self.store.list(CONFIG_MAP)[0]]
        version = self.store.version
        self.run(self.store.close())
        self.store = self.run(self.opened())
        assert [(each.key, each.data) for each in self.store.list(CONFIG_MAP)[0]] == before
        assert self.store.version == version
        self.states = {version: self.states[version]} if version in self.states else {}
        self.remember()

    @invariant()
    def a_list_is_the_model(self) -> None:
        listed = {each.key.name: each for each in self.store.list(CONFIG_MAP)[0]}
        assert {name: (each.object["data"], each.labels["colour"]) for name, each in listed.items()} == self.model
        assert all(str(each.version) == each.metadata["resourceVersion"] for each in listed.values())

    @invariant()
    def a_watch_from_any_version_leads_to_the_list(self) -> None:
        now = {each.key.name: each.version for each in self.store.list(CONFIG_MAP)[0]}
        for since, state in self.states.items():
            replayed = dict(state)
            for type_, stored in self.store.watch(CONFIG_MAP, since=since).pending():
                assert stored.version > since
                if type_ == "DELETED":
                    del replayed[stored.key.name]
                else:
                    assert (type_ == "ADDED") is (stored.key.name not in replayed)
                    replayed[stored.key.name] = stored.version
            assert replayed == now

    @invariant()
    def a_selective_watch_leads_to_the_selective_list(self) -> None:
        red = from_query("colour=red")
        seen: set[str] = set()
        if not self.states:
            return
        since = min(self.states)
        if self.states[since]:
            return
        for type_, stored in self.store.watch(CONFIG_MAP, since=since, selector=red).pending():
            assert (type_ == "ADDED") is (stored.key.name not in seen)
            seen.discard(stored.key.name) if type_ == "DELETED" else seen.add(stored.key.name)
        assert seen == {each.key.name for each in self.store.list(CONFIG_MAP, selector=red)[0]}

    def teardown(self) -> None:
        self.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()


Stories.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestStories = Stories.TestCase
