"""Who writes, and what a write does to the owners of fields."""

from typing import Literal

from starlette.requests import Request

from gatelab.apiserver import parameters
from gatelab.apiserver.apply import updates
from gatelab.apiserver.apply.entries import Operation, Owner
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.kinds.errors import Invalid
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import problems
from gatelab.kinds.timestamps import to_rfc3339

Options = Literal["CreateOptions", "UpdateOptions", "PatchOptions"]

_LONGEST = 128


def owner(request: Request, target: Target, options: Options, operation: Operation = "Update") -> Owner:
    """The writer by `fieldManager`, else by what its User-Agent begins with. Raises Invalid."""
    found = list(_problems(request, operation))
    if found:
        raise _refusal(options, found)
    name = request.query_params.get("fieldManager") or _program(request.headers.get("user-agent", ""))
    return Owner(name or "unknown", operation, target.api_version, target.subresource)


def _program(user_agent: str) -> str:
    name = user_agent.partition("/")[0]
    return "".join(each for each in name if each.isprintable())[:_LONGEST]


def _problems(request: Request, operation: Operation) -> list[problems.Problem]:
    name, found = request.query_params.get("fieldManager", ""), []
    if operation == "Apply" and not name:
        found.append(problems.required("fieldManager", "is required for apply patch"))
    if operation != "Apply" and parameters.flag(request, "force"):
        found.append(problems.forbidden("force", "may not be specified for non-apply patch"))
    if len(name.encode()) > _LONGEST:
        found.append(problems.too_long("fieldManager", _LONGEST))
    if not name.isprintable():
        found.append(problems.invalid("fieldManager", name, "should only contain printable characters"))
    return found


def _refusal(options: Options, found: list[problems.Problem]) -> Invalid:
    text = str(found[0]) if len(found) == 1 else f"[{', '.join(str(each) for each in found)}]"
    return Invalid(
        f'{options}.meta.k8s.io "" is invalid: {text}',
        causes=[{"reason": each.reason, "message": each.message, "field": each.field} for each in found],
        details={"group": "meta.k8s.io", "kind": options},
    )


def created(context: Context, target: Target, obj: Object, writer: Owner) -> Object:
    """A new object, with its creator as the owner of it all."""
    if not target.kind.journaled:
        return obj
    return updates.created(
        target.schema,
        obj,
        writer,
        to_rfc3339(context.clock()),
        is_native=target.is_native,
        without="status" if target.kind.has_status else "",
    )


def updated(context: Context, target: Target, before: Object, obj: Object, writer: Owner) -> Object:
    """`obj`, which replaces `before`, with the writer as the owner of what it changes."""
    if not target.kind.journaled:
        return obj
    return updates.updated(target.schema, before, obj, writer, to_rfc3339(context.clock()))
