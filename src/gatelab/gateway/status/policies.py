"""Statuses of policies that are due: a policy is looked at when it, or what it is to be told, has changed."""

from collections.abc import Iterator

from gatelab.gateway.status.statuses import policy_status
from gatelab.gateway.status.write import StatusWrite, is_of_generation
from gatelab.gateway.translate.outcome import Translation
from gatelab.kinds.builtin import BACKEND_TLS_POLICY
from gatelab.kinds.objects import Key
from gatelab.reconcile import Mirrors


class PolicyStatuses:
    """Keeps the policies whose status may have to be written."""

    def __init__(self, mirrors: Mirrors) -> None:
        self._mirror = mirrors.of(BACKEND_TLS_POLICY)
        self._changes = self._mirror.follow()
        self._open: set[Key] = set()
        self._translation = Translation()

    def due(self, translation: Translation, now: str) -> Iterator[StatusWrite]:
        """The writes that follow from the translation. `now` is RFC 3339."""
        before, self._translation = self._translation.policies, translation
        self._open.update(self._changes.take())
        told = translation.policies
        self._open.update(key for key in before.keys() | told.keys() if before.get(key) != told.get(key))
        for key in sorted(self._open):
            write = self._of(key, now)
            if write is None:
                self._open.discard(key)
            else:
                yield write

    def _of(self, key: Key, now: str) -> StatusWrite | None:
        """The write that is due; None if there is none, or will be none before the next translation."""
        obj = self._mirror.get(key)
        ancestors = self._translation.policies.get(key, ())
        if obj is None or (ancestors and not is_of_generation(obj, ancestors[0].conditions[0].observed_generation)):
            return None
        names, present = self._translation.controller_names, obj.get("status") or {}
        if not ancestors and all(each.get("controllerName") not in names for each in present.get("ancestors") or ()):
            return None
        status = policy_status(ancestors, names, present, now)
        return StatusWrite(BACKEND_TLS_POLICY, obj, status) if status != present else None
