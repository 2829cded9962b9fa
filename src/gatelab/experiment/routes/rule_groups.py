"""Which rules' requests a Gateway's counters tell apart. Pure.

An Envoy counts by backend, not by rule: what two rules send to the same backend is one count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gatelab.experiment.routes.route import RoutedBackend, Rule
from gatelab.kinds.objects import Key


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules of one Gateway whose requests are counted together, and the backends that they go to.

    Shares are those of the rules' weights where all rules agree on them. Where they do not, each backend makes a group
    of its own.
    """

    gateway: Key
    routes: tuple[str, ...]
    backends: tuple[RoutedBackend, ...]


def grouped(gateway: Key, rules: Iterable[Rule]) -> tuple[RuleGroup, ...]:
    """The groups of a Gateway's rules that have backends."""
    found: list[RuleGroup] = []
    for together in _sharing_backends([each for each in rules if each.backends]):
        backends = together[0].backends
        if all(set(each.backends) == set(backends) for each in together):
            found.append(RuleGroup(gateway, tuple(each.route for each in together), backends))
        else:
            found += _by_backend(gateway, together)
    return tuple(found)


def _by_backend(gateway: Key, rules: Sequence[Rule]) -> list[RuleGroup]:
    by_name: dict[str, tuple[RoutedBackend, list[str]]] = {}
    for rule in rules:
        for backend in rule.backends:
            by_name.setdefault(backend.name, (replace(backend, share=1.0), []))[1].append(rule.route)
    return [RuleGroup(gateway, tuple(routes), (backend,)) for backend, routes in by_name.values()]


def _sharing_backends(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules that share a backend, directly or through others, in one list."""
    of: dict[str, list[Rule]] = {}
    for rule in rules:
        names = [each.name for each in rule.backends]
        found = {id(of[name]): of[name] for name in names if name in of}
        together = next(iter(found.values()), [])
        for other in list(found.values())[1:]:
            together += other
            names += [each.name for moved in other for each in moved.backends]
        together.append(rule)
        of.update(dict.fromkeys(names, together))
    return list({id(each): each for each in of.values()}.values())
