"""What happened second by second."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """One second of a run, counted from its first intended call. Calls belong to the second in which they ended.

    Percentiles are of the response times of the successful calls (with `count_errors` of all), in nanoseconds; 0 of
    nothing.
    """

    second: int
    ok: int
    errors: int
    p50_ns: int
    p99_ns: int
    max_ns: int
