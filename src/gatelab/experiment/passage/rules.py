"""From what Gateways' Envoys counted to figures of each rule. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from gatelab.experiment.envoys.counting import EnvoyCounts, summed
from gatelab.experiment.file import Expect
from gatelab.experiment.passage.report import GatewayReport, RuleReport
from gatelab.experiment.passage.watch import Seen
from gatelab.experiment.report import SpreadTest, WeightsReport
from gatelab.experiment.routes.route import Routed, Unknown
from gatelab.experiment.routes.rule_groups import RuleGroup
from gatelab.experiment.weights import spread_report, tested, weights_report
from gatelab.spread import Spread, finest_bound, measure

BOUND = 0.2
COARSEST_BOUND = 0.5
"""Half or one and a half times the even share is not a spread that anybody would call even."""
SURELY = 0.8
"""The finest bound takes a spread that is even to the last request; this part of the requests leaves room for some."""
NOTHING = EnvoyCounts({}, {}, 0, 0, 0, 0, ())
CHANGED = "pods came or went during the run, so that no share of theirs was to be expected"
NO_SHARES = "a backend of the rule had no ready pod, so that no share was to be expected of the others' pods"
NO_PODS = "which pods got the requests is not known"


def gateway_report(seen: Seen) -> GatewayReport:
    """Of all rules together, and of what found no rule."""
    unknown = seen.counts.reason if isinstance(seen.counts, Unknown) else ""
    counts = NOTHING if isinstance(seen.counts, Unknown) else seen.counts
    return GatewayReport(
        gateway=str(seen.gateway),
        received=counts.received,
        passed_on=counts.total,
        unrouted=counts.unrouted,
        handshakes_failed=counts.refused,
        envoys=counts.envoys,
        workers=counts.workers,
        readings=counts.readings,
        unknown=unknown,
        notes=counts.notes,
        source="envoy" if not unknown else "cpu" if any(seen.cpu.values()) else "none",
        cpu_millicores={pod: round(used, 3) for pod, used in seen.cpu.items()} if any(seen.cpu.values()) else {},
    )


def rule_reports(seen: Seen, *, bound: float | None, confidence: float) -> tuple[RuleReport, ...]:
    """Of each group of rules that got requests. Without a `bound` the spread is tested against ±20 %, or, where the
    requests are too few for that, against the finest bound that they can show, up to ±50 %.
    """
    counts = seen.counts
    if isinstance(counts, Unknown):
        return ()
    by_backend = _by_backend(counts.endpoints)
    taken = summed([counts.backends, counts.unready])
    used = [each for each in seen.groups if any(taken.get(backend.name) for backend in each.backends)]
    return tuple(_of_group(each, seen, counts, by_backend, bound, confidence) for each in used)


def _by_backend(endpoints: Mapping[tuple[str, str], int]) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (backend, pod), count in endpoints.items():
        found.setdefault(backend, {})[pod] = count
    return found


def _of_group(
    group: RuleGroup,
    seen: Seen,
    counts: EnvoyCounts,
    by_backend: Mapping[str, Mapping[str, int]],
    bound: float | None,
    confidence: float,
) -> RuleReport:
    names = [each.name for each in group.backends]
    first, last = (_ready(each, names) for each in (seen.names.ready_first, seen.names.ready_last))
    expected = seen.names.expected_shares(group.backends) if len(names) > 1 else {}
    spread = measure(summed(by_backend.get(name, {}) for name in names), {*first, *expected})
    expect = Expect(spread=_bound(bound, spread, confidence), confidence=confidence)
    reason = CHANGED if first != last else NO_SHARES if len(names) > 1 and not expected else ""
    test = _test(spread, expected, expect, reason)
    backends = {name: counts.backends.get(name, 0) for name in names}
    without_pod = sum(counts.unready.get(name, 0) for name in names)
    return RuleReport(
        gateway=str(group.gateway),
        routes=group.routes,
        requests=sum(backends.values()) + without_pod,
        ok=sum(counts.ok.get(name, 0) for name in names),
        errors=sum(counts.failed.get(name, 0) for name in names) + without_pod,
        pods=dict(spread.counts),
        unattributed=sum(counts.open.get(name, 0) for name in names),
        without_pod=without_pod,
        spread=spread_report(spread, test, expected),
        weights=_weights(group, backends, expect),
    )


def _test(spread: Spread, expected: Mapping[str, float], expect: Expect, reason: str) -> SpreadTest:
    """`reason` says why the test tells nothing, or is ""."""
    test = tested(spread.counts or {"": 0}, expected, expect, unit="request")
    reason = reason or ("" if spread.counts else NO_PODS)
    return msgspec.structs.replace(test, result="inconclusive", sentence=reason) if reason else test


def _ready(ready: Mapping[str, frozenset[str]], backends: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(ready.get(each, frozenset()) for each in backends))


def _bound(wanted: float | None, spread: Spread, confidence: float) -> float:
    pods = len(spread.counts)
    if wanted is not None or pods < 2:
        return wanted or BOUND
    finest = finest_bound(pods, int(spread.total * SURELY), confidence=confidence)
    return min(COARSEST_BOUND, max(BOUND, finest))


def _weights(group: RuleGroup, backends: Mapping[str, int], expect: Expect) -> WeightsReport | None:
    if len(group.backends) < 2 or not sum(backends.values()):
        return None
    return weights_report(Routed(group.gateway, ", ".join(group.routes), group.backends), backends, expect)
