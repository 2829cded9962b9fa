"""The port that is bound for a listener's port, where ports below 1024 are not permitted."""

FIRST_UNPRIVILEGED_PORT = 1024


def bound_port(port: int, privileged_shift: int) -> int:
    """The port itself, or, if it is a privileged one, as many further on."""
    return port + privileged_shift if port < FIRST_UNPRIVILEGED_PORT else port
