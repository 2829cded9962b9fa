"""Why something cannot be done, for a condition."""


class Problem(Exception):
    """Raised where a Certificate or Issuer cannot be heeded: the reason and message of its Ready condition.

    The message tells the fix.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
