"""Query parameters and accepted forms, read and judged."""

from dataclasses import dataclass
from typing import Literal, cast

from starlette.requests import Request

from gatelab.apiserver.admission import FieldValidation
from gatelab.apiserver.tables.table import IncludeObject
from gatelab.apiserver.target import Target
from gatelab.kinds import fields as field_selectors
from gatelab.kinds import selectable, selectors
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.selectors import LabelSelector

Form = Literal["object", "table", "metadata"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects of a kind."""

    selector: LabelSelector | None
    fields: str | None

    @property
    def is_everything(self) -> bool:
        return not (self.selector and self.selector.requirements) and not self.fields


def selection(request: Request, target: Target) -> Selection:
    """`labelSelector` and `fieldSelector`, and the name in the path. Raises BadRequest, also for unknown fields."""
    labels, fields = request.query_params.get("labelSelector"), request.query_params.get("fieldSelector")
    if fields:
        selectable.check(target.kind, field_selectors.from_query(fields))
    named = f"metadata.name={target.name}" if target.name else None
    return Selection(selectors.from_query(labels) if labels else None, ",".join(filter(None, (fields, named))) or None)


def flag(request: Request, name: str) -> bool:
    """`1` and `true` are true, as in Go."""
    return request.query_params.get(name, "").lower() in ("1", "t", "true")


def number(request: Request, name: str) -> int | None:
    """A number, zero or more; None when absent. Raises BadRequest."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise BadRequest(f"{name}: Invalid value: {text!r}: must be a number, zero or more")
    return int(text)


def dry_run(request: Request) -> bool:
    """Raises BadRequest for a value other than All."""
    values = [value for value in request.query_params.getlist("dryRun") if value]
    if any(value != "All" for value in values):
        raise BadRequest(f'dryRun: Unsupported value: "{values[0]}": supported values: "All"')
    return bool(values)


def field_validation(request: Request) -> FieldValidation:
    """What to do about unknown fields; Warn when not said. Raises BadRequest."""
    value = request.query_params.get("fieldValidation") or "Warn"
    if value not in ("Ignore", "Warn", "Strict"):
        raise BadRequest(f'fieldValidation: Unsupported value: "{value}": supported values: "Ignore", "Warn", "Strict"')
    return cast("FieldValidation", value)


def form(request: Request) -> Form:
    """How the client wants objects: the first form of `Accept` that we have. Plain objects when none is."""
    for each in request.headers.get("accept", "").split(","):
        media, *options = (part.strip() for part in each.split(";"))
        if media not in ("application/json", "*/*", "application/*"):
            continue
        asked = dict(option.partition("=")[::2] for option in options)
        if asked.get("as") == "Table" and asked.get("v") == "v1":
            return "table"
        if (asked.get("as") or "").startswith("PartialObjectMetadata") and asked.get("v") == "v1":
            return "metadata"
        if "as" not in asked:
            return "object"
    return "object"


def include_object(request: Request) -> IncludeObject:
    """How much of the object stands in a row of a Table. Raises BadRequest."""
    value = request.query_params.get("includeObject") or "Metadata"
    if value not in ("None", "Metadata", "Object"):
        raise BadRequest(f"unrecognized includeObject value: {value!r}")
    return cast("IncludeObject", value)
