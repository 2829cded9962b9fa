"""How much ahead an alarm has to be set for its moment to be met.

A process that sleeps is late by what the machine takes to wake it: a few microseconds on bare metal, 50 to 200 us on a
virtual one that has gone idle. Whoever needs the moment sets the alarm ahead by as much, as measured so far, and passes
the rest of the time awake.
"""

from typing import Final

# A wake-up that is later than the lead raises it, any other lowers it: it settles where four of five are early enough.
_RAISE_NS: Final = 8_000
_LOWER_NS: Final = 2_000
LONGEST_LEAD_NS: Final = 250_000
"""The longest time awake, which is CPU time; a machine that is later than that stays late."""


class Lead:
    """`ns` is what to set an alarm ahead by; `learn` is told of every wake-up."""

    __slots__ = ("ns",)

    def __init__(self) -> None:
        self.ns = 0

    def learn(self, late_ns: int) -> None:
        """`late_ns` is how long after the set moment (lead included) the wake-up was.

        Not for alarms that were set to a moment already past: these tell nothing about waking up.
        """
        step_ns = _RAISE_NS if late_ns > self.ns else -_LOWER_NS
        self.ns = min(LONGEST_LEAD_NS, max(0, self.ns + step_ns))
