"""Latencies in bounded memory: a log-linear histogram in the manner of HdrHistogram."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

# 1,024 buckets to an octave: a value read back is within 0.05 % of the one recorded.
_BITS: Final = 11
_OCTAVE_BITS: Final = _BITS - 1


class Histogram:
    """Counts of durations in nanoseconds.

    Below 2,048 ns every value has its own bucket; above, a bucket spans at most 1/1024 of its value. Minimum, maximum
    and sum are exact. Histograms of several workers or connections are put together by `merge`.
    """

    __slots__ = ("_buckets", "count", "max_ns", "min_ns", "sum_ns")

    def __init__(self) -> None:
        self._buckets: defaultdict[int, int] = defaultdict(int)
        self.count = 0
        self.sum_ns = 0
        self.min_ns = 0
        self.max_ns = 0

    def record(self, value_ns: int) -> None:
        """Counts one duration; a negative one (a clock's hiccup) counts as 0."""
        if value_ns < 0:  # max() would be a quarter of what this takes
            value_ns = 0
        if value_ns < self.min_ns or not self.count:
            self.min_ns = value_ns
        if value_ns > self.max_ns:
            self.max_ns = value_ns
        self.count += 1
        self.sum_ns += value_ns
        shift = value_ns.bit_length() - _BITS
        self._buckets[value_ns if shift <= 0 else (shift << _OCTAVE_BITS) + (value_ns >> shift)] += 1

    def record_all(self, values_ns: Sequence[int]) -> None:
        """`record` of each of at least one, which takes half the time for many at once."""
        least_ns, most_ns = min(values_ns), max(values_ns)
        if least_ns < 0:
            values_ns, least_ns = [max(0, value_ns) for value_ns in values_ns], 0
        if least_ns < self.min_ns or not self.count:
            self.min_ns = least_ns
        if most_ns > self.max_ns:
            self.max_ns = most_ns
        self.count += len(values_ns)
        self.sum_ns += sum(values_ns)
        buckets = self._buckets
        for value_ns in values_ns:
            shift = value_ns.bit_length() - _BITS
            buckets[value_ns if shift <= 0 else (shift << _OCTAVE_BITS) + (value_ns >> shift)] += 1

    def merge(self, other: "Histogram") -> None:
        """Adds what `other` has counted."""
        if other.count == 0:
            return
        self.min_ns = other.min_ns if self.count == 0 else min(self.min_ns, other.min_ns)
        self.max_ns = max(self.max_ns, other.max_ns)
        self.count += other.count
        self.sum_ns += other.sum_ns
        for bucket, count in other._buckets.items():  # noqa: SLF001 - the same class
            self._buckets[bucket] += count

    @property
    def mean_ns(self) -> float:
        """The arithmetic mean; 0 of nothing."""
        return self.sum_ns / self.count if self.count else 0.0

    def percentile(self, percent: float) -> int:
        """The duration that `percent` % of the calls did not exceed (nearest rank, as in ghz); 0 of nothing."""
        return self.percentiles((percent,))[0]

    def percentiles(self, percents: tuple[float, ...]) -> tuple[int, ...]:
        """Several percentiles in one pass, in the order asked."""
        ranks = sorted({self._rank(percent) for percent in percents})
        found: dict[int, int] = {0: 0}
        seen, at = 0, 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            while at < len(ranks) and seen >= ranks[at]:
                found[ranks[at]] = min(max(_middle(bucket), self.min_ns), self.max_ns)
                at += 1
        return tuple(found[self._rank(percent)] for percent in percents)

    def count_above(self, value_ns: int) -> int:
        """How many calls' buckets lie above `value_ns`."""
        return sum(count for bucket, count in self._buckets.items() if _middle(bucket) > value_ns)

    def buckets(self) -> tuple[tuple[int, int], ...]:
        """(middle of the bucket in ns, count), ascending, without empty ones: what a chart is drawn from."""
        return tuple((_middle(bucket), self._buckets[bucket]) for bucket in sorted(self._buckets))

    def to_json(self) -> dict[str, Any]:
        """Everything, losslessly: `from_json` gives an equal histogram."""
        return {
            "count": self.count,
            "sum_ns": self.sum_ns,
            "min_ns": self.min_ns,
            "max_ns": self.max_ns,
            "buckets": {str(bucket): self._buckets[bucket] for bucket in sorted(self._buckets)},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Histogram":
        histogram = cls()
        histogram.count, histogram.sum_ns = data["count"], data["sum_ns"]
        histogram.min_ns, histogram.max_ns = data["min_ns"], data["max_ns"]
        histogram._buckets.update({int(bucket): count for bucket, count in data["buckets"].items()})
        return histogram

    def to_data(self) -> tuple[int, int, int, int, dict[int, int]]:
        """The same for msgpack, which has whole numbers as keys."""
        return self.count, self.sum_ns, self.min_ns, self.max_ns, self._buckets

    @classmethod
    def from_data(cls, data: Sequence[Any]) -> "Histogram":
        histogram = cls()
        histogram.count, histogram.sum_ns, histogram.min_ns, histogram.max_ns, buckets = data
        histogram._buckets.update(buckets)
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]

    def _rank(self, percent: float) -> int:
        if not 0 <= percent <= 100:
            raise ValueError(f"a percentile lies between 0 and 100, not {percent}")
        # In thousandths of a percent and whole numbers: 99.9 % of 1000 is rank 999, whatever the floats say.
        return max(1, -(-round(percent * 1000) * self.count // 100_000)) if self.count else 0


def _middle(bucket: int) -> int:
    half = 1 << (_BITS - 1)
    shift = bucket // half - 1
    if shift <= 0:
        return bucket
    low = (bucket - shift * half) << shift
    return low + (1 << shift) // 2
