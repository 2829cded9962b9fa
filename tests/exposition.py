"""What /metrics answers, read as Prometheus reads it, and judged as `promtool check metrics` judges it."""

import re
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_WRONG_UNITS = ("_ms", "_milliseconds", "_minutes", "_kilobytes", "_megabytes", "_percent")

Series = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def parsed(text: str) -> Series:
    """Every series by name and labels; each is there once."""
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            series = (sample.name, frozenset(sample.labels.items()))
            assert series not in found, f"{series} is there twice"
            found[series] = sample.value
    return found


def total(text: str, name: str, /, **labels: str) -> float:
    """The sum over the series of the name that have the labels."""
    wanted = set(labels.items())
    return sum(value for (each, has), value in parsed(text).items() if each == name and wanted <= has)


def problems(text: str) -> list[str]:
    """What promtool would find: no help, a wrong suffix, a unit that is none, buckets that are not cumulative."""
    found: list[str] = []
    for family in text_string_to_metric_families(text):
        # The parser takes `_total` off the name of a counter that has it.
        names = {sample.name for sample in family.samples}
        if not family.documentation:
            found.append(f"{family.name}: no HELP")
        if not _NAME.match(family.name) or family.name.endswith(_WRONG_UNITS):
            found.append(f"{family.name}: not a name by the conventions")
        if family.type == "counter" and not all(name.endswith("_total") for name in names):
            found.append(f"{family.name}: a counter without _total")
        if family.type == "gauge" and family.name.endswith(("_total", "_count", "_sum", "_bucket")):
            found.append(f"{family.name}: a gauge that is named like something else")
        if family.type == "unknown":
            found.append(f"{family.name}: no TYPE")
        if family.type == "histogram":
            found += _bucket_problems(family.name, text)
    return found


def family_names(text: str) -> set[str]:
    """As in the text's TYPE lines."""
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE ")}


def _bucket_problems(name: str, text: str) -> list[str]:
    by_labels: dict[frozenset[tuple[str, str]], list[tuple[float, float]]] = {}
    counts: dict[frozenset[tuple[str, str]], float] = {}
    for (each, labels), value in parsed(text).items():
        if each == f"{name}_bucket":
            bound = float(dict(labels)["le"])
            rest = frozenset(label for label in labels if label[0] != "le")
            by_labels.setdefault(rest, []).append((bound, value))
        elif each == f"{name}_count":
            counts[labels] = value
    wrong = [
        f"{name}: buckets are not cumulative"
        for labels, buckets in by_labels.items()
        if (values := [value for _, value in sorted(buckets)]) != sorted(values) or values[-1] != counts[labels]
    ]
    return wrong + ([] if by_labels.keys() == counts.keys() else [f"{name}: counts without buckets"])
