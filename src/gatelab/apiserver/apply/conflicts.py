"""The error of an apply that would take fields from their owners."""

from collections.abc import Sequence

from gatelab.apiserver.apply import path_elements
from gatelab.apiserver.apply.entries import Owner
from gatelab.apiserver.apply.field_sets import FieldSet, Path, paths
from gatelab.kinds.errors import Conflict

Taken = Sequence[tuple[Owner, FieldSet]]
"""The fields that would be taken, by their owner."""


def refusal(taken: Taken) -> Conflict:
    """The Conflict, worded as Kubernetes words it; its causes are what programs read."""
    found = [(str(owner), path) for owner, fields in taken for path in paths(fields)]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": path_elements.shown(path)}
        for owner, path in found
    ]
    return Conflict(_message(found), details={"causes": causes})


def _message(found: Sequence[tuple[str, Path]]) -> str:
    if len(found) == 1:
        owner, path = found[0]
        return f"Apply failed with 1 conflict: conflict with {owner}: {path_elements.shown(path)}"
    lines = []
    for owner in sorted({owner for owner, _ in found}):
        lines.append(f"conflicts with {owner}:")
        lines += [f"- {path_elements.shown(path)}" for other, path in found if other == owner]
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(lines)
