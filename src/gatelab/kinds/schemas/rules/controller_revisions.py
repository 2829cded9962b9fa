"""ControllerRevisions: what a revision says never changes, only its number does."""

from collections.abc import Iterator

from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.schemas.problems import Problem


def controller_revision(obj: Object, before: Object | None) -> Iterator[Problem]:
    if not obj.get("data"):
        yield problems.required("data", "data is mandatory")
    if obj.get("revision", 0) < 0:
        yield problems.invalid("revision", obj["revision"], "must be greater than or equal to 0")
    if before is not None and before.get("data") != obj.get("data"):
        yield problems.invalid("data", obj.get("data"), "field is immutable")
