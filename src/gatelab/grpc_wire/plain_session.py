"""Sessions of protocols that know no goodbye: an answer to each thing asked, and the end."""


class PlainSession:
    """A `poll_sockets.Session` without words for leaving, but for `receive`. What is added to `unsent` is written."""

    def __init__(self) -> None:
        self.over = False
        self.unsent: list[bytes] = []

    def pending(self) -> bytes:
        data = b"".join(self.unsent)
        self.unsent.clear()
        return data

    def announce_drain(self) -> None:
        """Nothing that the protocol could say."""

    def drain(self) -> None:
        self.over = True

    def lost(self) -> None:
        self.over = True
