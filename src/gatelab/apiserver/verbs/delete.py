"""delete and deletecollection."""

from collections.abc import Iterator
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver import answers, bodies, parameters, views
from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.apiserver.verbs import pages
from gatelab.kinds.builtin import NAMESPACE
from gatelab.kinds.errors import BadRequest, MethodNotAllowed, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key
from gatelab.kinds.schemas.problems import Problem, invalid, refusal, unsupported
from gatelab.store import Stored
from gatelab.store.deletion import Propagation

_KIND = Kind("meta.k8s.io", "v1", "DeleteOptions", "deleteoptions")


class Preconditions(msgspec.Struct, frozen=True, rename="camel"):
    uid: str | None = None
    resource_version: str | None = None


class DeleteOptions(msgspec.Struct, frozen=True, rename="camel"):
    """`meta/v1` DeleteOptions. A grace period below zero means one second, as in Kubernetes."""

    grace_period_seconds: int | None = None
    propagation_policy: Propagation | None = None
    orphan_dependents: bool | None = None
    preconditions: Preconditions = Preconditions()
    dry_run: list[str] | None = None


async def delete(context: Context, request: Request, target: Target) -> Response:
    """Answers with the object while it waits for finalizers or its grace period, else with a Status."""
    options = await _options(request)
    before = context.store.get(target.kind, target.key)
    left = await delete_one(context, request, target, target.key, options)
    if left is not None:
        return views.one(request, target, left, context.clock())
    kind = target.kind
    details = {"name": target.name, "group": kind.group, "kind": kind.plural, "uid": before.uid}
    return answers.json(answers.success({key: value for key, value in details.items() if value}))


async def delete_collection(context: Context, request: Request, target: Target) -> Response:
    """Deletes what `list` with the same selectors gives, and answers with that."""
    if target.kind == NAMESPACE or (target.kind.namespaced and not target.namespace):
        raise MethodNotAllowed("the server does not allow this method on the requested resource")
    options = await _options(request)
    wanted = pages.asked(request)
    chosen = parameters.selection(request, target)
    found, version = context.store.list(
        target.kind, namespace=target.namespace or None, selector=chosen.selector, fields=chosen.fields
    )
    page = pages.page(found, version, wanted, selected=not chosen.is_everything)
    for each in page.items:
        try:
            await delete_one(context, request, target, each.key, options)
        except NotFound:
            continue  # Somebody was faster, which is as good.
    return views.many(request, target, page.items, page.metadata, context.clock())


async def delete_one(
    context: Context, request: Request, target: Target, key: Key, options: DeleteOptions
) -> Stored | None:
    """What is left of the object, while something holds it."""
    return await context.store.delete(
        target.kind,
        key,
        uid=options.preconditions.uid,
        resource_version=options.preconditions.resource_version,
        grace_period_s=options.grace_period_seconds,
        propagation=_propagation(options),
        dry_run=parameters.dry_run(request) or bool(options.dry_run),
    )


def _propagation(options: DeleteOptions) -> Propagation | None:
    """What becomes of the dependents; None where the client leaves it to the object's finalizers."""
    if options.orphan_dependents is not None:
        return "Orphan" if options.orphan_dependents else "Background"
    return options.propagation_policy


async def _options(request: Request) -> DeleteOptions:
    """The options in the body, or those in the query when there is no body."""
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    return options_of(await bodies.read_document(request) if has_body else _from_query(request))


def options_of(body: Any) -> DeleteOptions:
    """DeleteOptions, checked. Raises BadRequest, Invalid."""
    try:
        options = msgspec.convert(body or {}, DeleteOptions)
    except msgspec.ValidationError as error:
        raise BadRequest(f"DeleteOptions cannot be read: {error}") from error
    found = list(_problems(options))
    if found:
        raise refusal(_KIND, "", found)
    return options


def _problems(options: DeleteOptions) -> Iterator[Problem]:
    if options.propagation_policy is not None and options.orphan_dependents is not None:
        rule = "orphanDependents and deletionPropagation cannot be both set"
        yield invalid("propagationPolicy", options.propagation_policy, rule)
    if any(each != "All" for each in options.dry_run or ()):
        yield unsupported("dryRun", options.dry_run, ("All",))


def _from_query(request: Request) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if (grace := parameters.number(request, "gracePeriodSeconds")) is not None:
        options["gracePeriodSeconds"] = grace
    if policy := request.query_params.get("propagationPolicy"):
        options["propagationPolicy"] = policy
    if "orphanDependents" in request.query_params:
        options["orphanDependents"] = parameters.flag(request, "orphanDependents")
    return options
