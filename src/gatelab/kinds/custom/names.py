"""Which names a definition gets, and the status that says so.

The rules of `apiextensions-apiserver/pkg/controller/status` (names) and `establish`: in a group, whoever came first
keeps a name; who has its names is established, and stays so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gatelab.kinds.objects import Object, is_being_deleted

_SINGLE = (("plural", "Plural"), ("singular", "Singular"), ("kind", "Kind"), ("listKind", "ListKind"))


def is_established(crd: Object) -> bool:
    """Whether the definition's objects are served."""
    return _status_of(crd, "Established") == "True"


def status(crd: Object, others: Iterable[Object], now: str) -> dict[str, Any]:
    """The status that the definition should have. `others` are the other definitions of its group."""
    before = crd.get("status") or {}
    wanted = crd["spec"]["names"]
    got, reason, message = _accepted(wanted, before.get("acceptedNames") or {}, list(_taken(others)))
    conditions = _Conditions(before.get("conditions") or (), now)
    conditions.put("NamesAccepted", "False" if message else "True", reason, message or "no conflicts found")
    if not message:
        conditions.put("Established", "True", "InitialNamesAccepted", "the initial names have been accepted")
    elif not is_established(crd):
        conditions.put("Established", "False", "NotAccepted", "not all names are accepted")
    if is_being_deleted(crd):
        what = "CustomResource deletion is in progress"
        conditions.put("Terminating", "True", "InstanceDeletionInProgress", what)
    stored = [*(before.get("storedVersions") or ())]
    stored += [each["name"] for each in crd["spec"]["versions"] if each.get("storage") and each["name"] not in stored]
    return {**before, "acceptedNames": got, "conditions": conditions.found, "storedVersions": stored}


def _taken(others: Iterable[Object]) -> Iterator[Mapping[str, Any]]:
    for each in others:
        yield (each.get("status") or {}).get("acceptedNames") or {}


def _accepted(
    wanted: Mapping[str, Any], before: Mapping[str, Any], taken: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], str, str]:
    """The names it gets, and the reason and message of the last conflict (no message: none)."""
    resources = {name for each in taken for name in (each.get("plural"), each.get("singular")) if name}
    resources |= {name for each in taken for name in each.get("shortNames") or ()}
    kinds = {name for each in taken for name in (each.get("kind"), each.get("listKind")) if name}
    got = {"plural": "", "kind": "", **before}
    reason, message = "NoConflicts", ""
    for field, word in _SINGLE:
        name = wanted.get(field) or ""
        if name in (kinds if word.endswith("Kind") else resources):
            reason, message = f"{word}Conflict", f'"{name}" is already in use'
        else:
            got[field] = name
    if clash := sorted(set(wanted.get("shortNames") or ()) & resources):
        reason, message = "ShortNamesConflict", f'"{clash[0]}" is already in use'
    else:
        got["shortNames"] = wanted.get("shortNames") or []
    got["categories"] = wanted.get("categories") or []
    return {field: value for field, value in got.items() if value or field in ("plural", "kind")}, reason, message


def _status_of(crd: Object, type_: str) -> str:
    for each in (crd.get("status") or {}).get("conditions") or ():
        if each.get("type") == type_:
            return str(each.get("status"))
    return ""


class _Conditions:
    """Conditions being set; those that do not change keep the time of their last transition."""

    def __init__(self, found: Sequence[Mapping[str, Any]], now: str) -> None:
        self.found = [dict(each) for each in found]
        self._now = now

    def put(self, type_: str, value: str, reason: str, message: str) -> None:
        new = {"type": type_, "status": value, "reason": reason, "message": message}
        same: Callable[[Mapping[str, Any]], bool] = lambda each: each.get("type") == type_  # noqa: E731
        old = next((each for each in self.found if same(each)), None)
        if old is None:
            self.found.append({"lastTransitionTime": self._now, **new})
            return
        if old.get("status") != value:
            old["lastTransitionTime"] = self._now
        old.update(new)
