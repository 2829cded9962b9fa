"""What can keep a run from beginning, beside a ConnectError."""


class WorkerError(Exception):
    """A worker could not begin. The text is for users."""
