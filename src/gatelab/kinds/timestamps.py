"""Times as the API writes them: RFC 3339, UTC, whole seconds (`metav1.Time`), or microseconds (`metav1.MicroTime`)."""

from datetime import UTC, datetime


def to_rfc3339(moment: datetime) -> str:
    """`2026-01-02T03:04:05Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_rfc3339_micro(moment: datetime) -> str:
    """`2026-01-02T03:04:05.678901Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_rfc3339(text: str) -> datetime:
    """The moment, with its zone. Raises ValueError."""
    return datetime.fromisoformat(text)


def utc_now() -> datetime:
    """The wall clock. For what is shown to people; waits and durations use a monotonic clock."""
    return datetime.now(UTC)
