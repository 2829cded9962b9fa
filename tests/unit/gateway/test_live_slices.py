"""The slices of each Service from one state to the next: as if all objects were looked at anew, and no more is made."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from gatelab.cluster.port import Applied, Deleted, Replaced
from gatelab.gateway.snapshot.live_slices import LiveSlices
from gatelab.kinds.builtin import ENDPOINT_SLICE
from gatelab.kinds.objects import Key, Object, key_of
from gatelab.reconcile import Mirror

LABEL = "kubernetes.io/service-name"
NAMESPACES, SERVICES, NAMES = ("one", "two"), ("a", "b", ""), tuple("klmno")


def slice_of(chance: random.Random) -> Object:
    """Of some Service, or none; now and then one that cannot be read."""
    service = chance.choice(SERVICES)
    obj: dict[str, Any] = {
        "metadata": {
            "name": chance.choice(NAMES),
            "namespace": chance.choice(NAMESPACES),
            "labels": {LABEL: service} if service else {},
        },
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 80}],
        "endpoints": [{"addresses": [f"10.0.0.{chance.randrange(1, 4)}"]}],
    }
    if chance.random() < 0.1:
        obj["endpoints"] = "none"
    return obj


def by_service(objects: Iterable[Object]) -> Mapping[Key, list[tuple[str, str]]]:
    """Name and address of the slices of each Service, by what the objects say and nothing else."""
    found: dict[Key, list[tuple[str, str]]] = {}
    for obj in sorted(objects, key=key_of):
        metadata = obj["metadata"]
        if metadata["labels"] and obj["endpoints"] != "none":
            service = Key(metadata["namespace"], metadata["labels"][LABEL])
            found.setdefault(service, []).append((metadata["name"], obj["endpoints"][0]["addresses"][0]))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_it_says_what_a_look_at_everything_says(seed: int) -> None:
    chance, mirror = random.Random(seed), Mirror(ENDPOINT_SLICE)
    live, before = LiveSlices(mirror), dict[Key, Any]()
    for _ in range(60):
        touched = set[Key]()
        for _ in range(chance.randrange(3)):
            objects = {key_of(each): each for each in mirror.list()}
            obj = slice_of(chance)
            if chance.random() < 0.05:
                others = {key_of(each): each for each in (slice_of(chance) for _ in range(5))}
                mirror.apply(Replaced(list(others.values())))
                touched |= by_service([*objects.values(), *others.values()]).keys()
                continue
            old = objects.get(key_of(obj))
            if chance.random() < 0.7:
                mirror.apply(Applied(obj))
            elif old is not None:
                mirror.apply(Deleted(old))
            touched |= by_service([each for each in (obj, old) if each is not None]).keys()
        found = live.refresh()
        told = {
            key: [(each.metadata.name, each.endpoints[0].addresses[0]) for each in own] for key, own in found.items()
        }
        assert told == by_service(mirror.list())
        assert all(found[key] is before[key] for key in found.keys() & before.keys() - touched)
        before = dict(found)
