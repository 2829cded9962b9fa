"""Every case comes to what its siblings say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from gatelab.gateway.translate import Translation
from gatelab.kinds.conditions import Condition
from golden_cases import CASES, Case, case_paths, shown_model, shown_status, translated

MOST_LINES = 120


def test_the_case_comes_to_its_golden_files(case: Case, rewrite: bool) -> None:
    translation, endpoints = translated(case)
    assert translation.problems == ()
    assert [each for each in conditions(translation) if not each.message] == []
    if case.model:
        compare(case.sibling("model"), shown_model(case, translation, endpoints), rewrite)
    if case.status:
        compare(case.sibling("status"), shown_status(case, translation), rewrite)


def conditions(translation: Translation) -> Iterator[Condition]:
    yield from translation.classes.values()
    for gateway in translation.gateways.values():
        yield gateway.accepted
        yield from gateway.others
        for listener in gateway.listeners:
            yield from listener.verdict.conditions
        for listener_set in gateway.listener_sets:
            yield listener_set.accepted
    for parents in translation.routes.values():
        for parent in parents:
            yield from parent.conditions
    for ancestors in translation.policies.values():
        for ancestor in ancestors:
            yield from ancestor.conditions


def compare(path: Path, found: dict[str, Any], rewrite: bool) -> None:
    text = yaml.dump(found, sort_keys=False, width=118, allow_unicode=True, Dumper=NoAliases)
    if rewrite:
        path.write_text(text)
    expected = path.read_text() if path.exists() else "(missing; write it with `make golden`)"
    assert text == expected, f"{path.name} differs; if this is right, run `make golden` and look at the difference"


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def test_every_golden_file_belongs_to_a_case() -> None:
    names = {path.with_suffix("") for path in case_paths()}
    golden = [path for path in CASES.glob("*/*.yaml") if path.stem.count(".")]
    assert golden
    assert [path.name for path in golden if path.with_suffix("").with_suffix("") not in names] == []


def test_cases_stay_small() -> None:
    assert [path.name for path in case_paths() if len(path.read_text().splitlines()) > MOST_LINES] == []
