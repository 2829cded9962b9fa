"""How long a container that ended, or whose image has no program, is left alone: the kubelet's back-off."""

FIRST_S = 10.0
LIMIT_S = 300.0
FORGOTTEN_S = 600.0
"""A container that ran for this long is restarted as if for the first time."""


class BackOff:
    """Delays in seconds: 0 for the first restart, then 10 doubling to 300."""

    def __init__(self) -> None:
        self._delay_s = 0.0

    def next_delay(self, *, ran_s: float = 0.0) -> float:
        """For a container that ran for `ran_s`."""
        if ran_s >= FORGOTTEN_S:
            self._delay_s = 0.0
        delay_s = self._delay_s
        self._delay_s = min(max(FIRST_S, delay_s * 2), LIMIT_S)
        return delay_s


def go_duration(seconds: float) -> str:
    """Whole seconds as Go prints a time.Duration: `10s`, `1m20s`, `5m0s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
