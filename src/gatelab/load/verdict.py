"""Whether the figures of a run describe the target, or the generator that took them."""

from typing import Final

from gatelab.load.engine import Engine
from gatelab.load.plan import LoadPlan

_SHARE: Final = 0.01
_LATE_NS: Final = 1_000_000


def saturation(plan: LoadPlan, engine: Engine) -> str:
    """Empty, or a sentence with the limit that was hit. Closed loops have no schedule to miss.

    Two limits are told apart: more than 1 % of the calls waited for `concurrency` or for a connection; or the
    generator sent the latest percent of the others more than a millisecond, and a tenth of the median response time,
    after their moment.
    """
    if engine.schedule is None:
        return ""
    held, planned = engine.waited + engine.unsent(), engine.started + engine.unsent()
    if held > _SHARE * planned:
        return (
            f"{held} of {planned} calls had to wait for one of {plan.concurrency} slots, or for a connection: "
            "the target is slower than the schedule, or concurrency is too low for it"
        )
    late_ns, median_ns = engine.lateness.percentile(99), engine.tally.seconds.all_responses().percentile(50)
    if late_ns > max(_LATE_NS, median_ns // 10):
        return (
            f"the generator was late: one call in a hundred left {late_ns / 1e6:.1f} ms or more after its moment; "
            "lower the rate, or give the generator a core of its own"
        )
    return ""
