"""Server-side apply: PATCH with `application/apply-patch+yaml`, of an object or its status (KEP-555)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import admission, bodies, parameters, views
from gatelab.apiserver.apply import applying, typed
from gatelab.apiserver.apply.applying import Application
from gatelab.apiserver.apply.tracked import with_managed_fields
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import ownership
from gatelab.kinds.errors import AlreadyExists, BadRequest, Conflict, NotFound
from gatelab.kinds.objects import Object
from gatelab.kinds.timestamps import to_rfc3339
from gatelab.store import Stored

_ATTEMPTS = 5


async def apply(context: Context, request: Request, target: Target) -> Response:
    """Makes the object what its appliers want; makes the object where there is none (201)."""
    owner = ownership.owner(request, target, "PatchOptions", "Apply")
    wanted, warnings = await _configuration(request, target)
    force, now = parameters.flag(request, "force"), to_rfc3339(context.clock())
    application = Application(_own_part(target, wanted), owner, now, force)
    dry_run = parameters.dry_run(request)
    for _ in range(_ATTEMPTS):
        try:
            stored = await _to_present(context, target, application, warnings, dry_run=dry_run)
            return views.one(request, target, stored, context.clock(), warnings=warnings)
        except NotFound:
            if target.subresource:
                raise
        try:
            stored = await _to_nothing(context, target, application, warnings, dry_run=dry_run)
            return views.one(request, target, stored, context.clock(), status=201, warnings=warnings)
        except AlreadyExists:
            continue
    raise Conflict(f'{target.kind.qualified_plural} "{target.name}" is created and deleted all the time; try again')


async def _to_present(
    context: Context, target: Target, application: Application, warnings: list[str], *, dry_run: bool
) -> Stored:
    is_status = target.subresource == "status"
    judge = admission.for_status if is_status else admission.for_update

    def change(before: Object) -> Object:
        new = applying.applied(target.schema, before, application)
        judged = judge(target, new, before, warnings)
        return applying.settled(before, with_managed_fields(judged, new["metadata"].get("managedFields", [])))

    return await context.store.modify(
        target.kind, target.key, change, subresource="status" if is_status else None, dry_run=dry_run
    )


async def _to_nothing(
    context: Context, target: Target, application: Application, warnings: list[str], *, dry_run: bool
) -> Stored:
    if application.wanted["metadata"].get("uid"):
        uid = application.wanted["metadata"]["uid"]
        raise Conflict(
            f'Operation cannot be fulfilled on {target.kind.qualified_plural} "{target.name}": uid mismatch: the '
            f"provided object specified uid {uid}, and no existing object was found"
        )
    new = applying.created(target.schema, application)
    complete = admission.for_creation(target, dict(new), warnings)
    return await context.store.create(target.kind, complete, dry_run=dry_run)


async def _configuration(request: Request, target: Target) -> tuple[dict[str, Any], list[str]]:
    """What the client sent, as an object of the kind, and warnings. Raises BadRequest, Invalid."""
    body = await bodies.applied(await bodies.read(request))
    validation = parameters.field_validation(request)
    if body.repeated and validation == "Strict":
        raise BadRequest(f"error strict decoding YAML: {', '.join(body.repeated)}")
    return configuration(target, body.value), list(body.repeated) if validation == "Warn" else []


def configuration(target: Target, body: Any) -> dict[str, Any]:
    """An applied configuration as an object of the kind. Raises BadRequest, Invalid."""
    if not isinstance(body, dict):
        raise BadRequest("error decoding YAML: an applied configuration is an object")
    for field in ("apiVersion", "kind"):
        if not isinstance(body.get(field), str):
            raise BadRequest(f"an applied configuration names its {field}")
    metadata = body.get("metadata")
    if isinstance(metadata, dict) and metadata.get("managedFields"):
        raise BadRequest("metadata.managedFields must be nil")
    decoded, _ = admission.decoded(target, body, "Ignore")
    if found := list(typed.problems(target.schema, body)):
        listed = found[0] if len(found) == 1 else "errors:\n" + "\n".join(f"  {each}" for each in found)
        raise BadRequest(f"failed to create typed patch object ({_described(target)}): {listed}")
    return decoded


def _described(target: Target) -> str:
    return f"{target.key}; {target.api_version}, Kind={target.kind.name}"


def _own_part(target: Target, wanted: dict[str, Any]) -> dict[str, Any]:
    """What this resource may write: the status is written through its own, and that writes nothing else."""
    if not target.kind.has_status:
        return wanted
    if target.subresource == "status":
        names = ("name", "namespace", "uid", "resourceVersion")
        metadata = {name: wanted["metadata"][name] for name in names if name in wanted["metadata"]}
        part = {"apiVersion": wanted["apiVersion"], "kind": wanted["kind"], "metadata": metadata}
        return {**part, "status": wanted["status"]} if "status" in wanted else part
    return {name: value for name, value in wanted.items() if name != "status"}
