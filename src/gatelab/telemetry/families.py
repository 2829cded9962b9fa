"""Metric families and what they read now."""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from gatelab import __version__
from gatelab.telemetry.histogram import Histogram

Type = Literal["counter", "gauge", "histogram"]
Labels = tuple[str, ...]
Value = float | Histogram


@dataclass(frozen=True, slots=True)
class Family:
    """What is measured: its name as Prometheus has it (a counter's ends in `_total`), and the names of its labels.

    Values of labels are bounded: kinds, verbs, codes and names of ours, never text that a user or an object brings.
    """

    name: str
    type: Type
    help: str
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of a family by the values of its labels."""

    family: Family
    values: Mapping[Labels, Value]


BUILD_INFO = Family("gatelab_build_info", "gauge", "1, with the versions of gatelab and Python.", ("version", "python"))


class Counting(Protocol):
    """A part of a process that counts."""

    def readings(self) -> Iterable[Reading]:
        """What it has counted, for one look."""
        ...


def readings_of(parts: Iterable[Counting]) -> Iterable[Reading]:
    """Of the process: which program it is, and what its parts count."""
    yield build_info()
    for part in parts:
        yield from part.readings()


def build_info() -> Reading:
    """1, with what a question about a process begins with."""
    return Reading(BUILD_INFO, {(__version__, sys.version.split()[0]): 1})


def single(family: Family, value: Value) -> Reading:
    """A family without labels."""
    return Reading(family, {(): value})


def merged(readings: Iterable[Reading]) -> list[Reading]:
    """One reading a family, a copy: several parts of a process may count the same, each under labels of its own."""
    found: dict[str, Reading] = {}
    for each in readings:
        before = found.get(each.family.name)
        found[each.family.name] = Reading(each.family, {**(before.values if before else {}), **each.values})
    return list(found.values())
