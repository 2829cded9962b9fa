"""What is shown of an image that has no program: ErrImagePull and ImagePullBackOff in turn, as the kubelet shows them.

The catalogue is looked at once a second all the while; only the words follow the kubelet's back-off.
"""

from collections.abc import Sequence

from gatelab.node.pods.backoff import BackOff
from gatelab.node.pods.events import Note, Warn
from gatelab.node.pods.states import Waiting

ERROR = "ErrImagePull"
_BACK_OFF = "ImagePullBackOff"


class Pulls:
    """The failures of one container's image."""

    def __init__(self, container: str, image: str) -> None:
        self._container = container
        self._image = image
        self.forget()

    def forget(self) -> None:
        """The image was found: the next failure is the first again."""
        self._back_off = BackOff()
        self._back_off.next_delay()
        self._message = ""
        self._shown = ""
        self._until = 0.0

    def failed(self, message: str, now: float) -> tuple[Waiting, Sequence[Note | Warn]]:
        """What to show, and what to report: nothing where nothing has changed. `now` in monotonic seconds."""
        if message != self._message:
            self.forget()
        if not self._shown or now >= self._until:
            return self._error(message, now)
        first = self._shown == ERROR
        self._shown = _BACK_OFF
        pulling = f'Back-off pulling image "{self._image}"'
        said = (self._note(pulling), self._warn(f"Error: {_BACK_OFF}")) if first else ()
        return Waiting(_BACK_OFF, f"{pulling}: {ERROR}: {message}"), said

    def _error(self, message: str, now: float) -> tuple[Waiting, Sequence[Note | Warn]]:
        self._message, self._shown = message, ERROR
        self._until = now + self._back_off.next_delay()
        failed = self._warn(f'Failed to pull image "{self._image}": {message}')
        return Waiting(ERROR, message), (failed, self._warn(f"Error: {ERROR}"))

    def _note(self, message: str) -> Note:
        return Note("BackOff", message, self._container)

    def _warn(self, message: str) -> Warn:
        return Warn("Failed", message, self._container)
