"""Whether the figures of a run describe the target, or the generator that took them."""

from collections.abc import Sequence
from typing import Final

from gatelab.load.counting.part import Part, merged
from gatelab.load.histogram import Histogram
from gatelab.load.plan import LoadPlan

_SHARE: Final = 0.01
LATE_NS: Final = 1_000_000
_BUSY: Final = 0.9
_LONG_ENOUGH_NS: Final = 500_000_000
"""What a shorter run says of the use of its core is noise."""


def saturation(plan: LoadPlan, parts: Sequence[Part], response: Histogram) -> str:
    """Empty, or a sentence with the limit that was hit.

    Of an open loop two limits are told apart: more than 1 % of the calls waited for `concurrency` or for a connection;
    or the generator sent the latest percent of the others more than a millisecond, and a tenth of the median response
    time, after their moment. A closed loop has no schedule to miss: there the generator was the limit when it was busy,
    or waited for a core, for more than nine tenths of the time.
    """
    if plan.schedule is None and plan.rps <= 0:
        return _busy(parts)
    late, held = _late(parts, response), _held(plan, parts)
    if late:
        # A generator that is late does not read answers either, and so runs out of slots without the target's doing.
        return f"{late}; besides, {held}" if held else late
    return held and f"{held}: the target is slower than the schedule, or concurrency is too low for it"


def _held(plan: LoadPlan, parts: Sequence[Part]) -> str:
    held = sum(part.waited + part.unsent for part in parts)
    planned = sum(part.started + part.unsent for part in parts)
    if held <= _SHARE * planned:
        return ""
    return f"{held} of {planned} calls had to wait for one of {plan.concurrency} slots, or for a connection"


def _late(parts: Sequence[Part], response: Histogram) -> str:
    if not response.count:
        return ""  # nothing was answered in time, which is no doing of the generator's
    bound_ns = max(LATE_NS, response.percentile(50) // 10)
    culprits = [index for index, part in enumerate(parts) if part.lateness.percentile(99) > bound_ns]
    if not culprits:
        return ""
    lateness = merged(parts[index].lateness for index in culprits)
    return (
        f"the generator, not the target, was the limit: {_who(culprits, parts)} was late, "
        f"{sum(parts[index].late for index in culprits)} of {lateness.count} calls left more than a millisecond after "
        f"their moment, one in a hundred {lateness.percentile(99) / 1e6:.1f} ms or more, the latest "
        f"{lateness.max_ns / 1e6:.1f} ms; lower the rate, or give the generator a core of its own"
    )


def _busy(parts: Sequence[Part]) -> str:
    def share(time_ns: int, part: Part) -> float:
        return time_ns / max(1, part.use.wall_ns)

    culprits = [
        index
        for index, part in enumerate(parts)
        if part.use.wall_ns >= _LONG_ENOUGH_NS and share(part.use.cpu_ns + part.use.starved_ns, part) >= _BUSY
    ]
    if not culprits:
        return ""
    cpu = min(share(parts[index].use.cpu_ns, parts[index]) for index in culprits)
    starved = max(share(parts[index].use.starved_ns, parts[index]) for index in culprits)
    waited = f" and waited for it in {starved:.0%} of the time" if starved >= 1 - _BUSY else ""
    return (
        f"the generator, not the target, was the limit: {_who(culprits, parts)} used {cpu:.2f} of a core{waited}, so "
        "the target may be faster than this; spread the load over more --workers, or ask for a rate"
    )


def _who(culprits: Sequence[int], parts: Sequence[Part]) -> str:
    """`it`, or which workers; they are counted from 1."""
    if len(parts) == 1:
        return "it"
    if len(culprits) == len(parts):
        return "each worker"
    return " and ".join(f"worker {index + 1}" for index in culprits) + f" of {len(parts)}"
