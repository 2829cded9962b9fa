"""From what a client sent to what the store gets: decode, prune, complete, judge.

The order is that of Kubernetes: unknown fields first (a strict client hears of them all), then types, the fields that
clients may not decide, defaults, and last the rules of the schema and those between fields.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from gatelab.apiserver.custom import objects as custom_objects
from gatelab.apiserver.custom import remarks
from gatelab.apiserver.target import Target
from gatelab.kinds import channels, defaults, unacted
from gatelab.kinds.custom import pruning
from gatelab.kinds.errors import BadRequest
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import catalogue, check, problems, prune, rules

FieldValidation = Literal["Ignore", "Warn", "Strict"]


def decoded(
    target: Target, body: Any, validation: FieldValidation, repeated: Sequence[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """The object as our version of its kind, pruned, with types checked; and warnings. Raises BadRequest, Invalid.

    `repeated` are complaints about the body as it came, which are heeded as those about unknown fields are.
    """
    obj = _of_the_target(target, body)
    schema = target.schema
    pruned, unknown = (prune.pruned if target.is_native else pruning.pruned)(schema, obj)
    complaints = [*repeated, *(f'unknown field "{path}"' for path in unknown)]
    if complaints and validation == "Strict":
        raise _unhandled(target, f"strict decoding error: {', '.join(complaints)}")
    if not target.is_native and target.kind.has_status and target.subresource != "status":
        # It is not the client's to write here, so it is not judged either: Go clients send `status.parents: null`.
        pruned.pop("status", None)
    _check_types(target, schema, pruned)
    # As Go writes it: what is empty in metadata is not there, so the last label takes `labels` along.
    pruned["metadata"] = {key: value for key, value in pruned.get("metadata", {}).items() if value not in ({}, [], "")}
    return pruned, complaints if validation == "Warn" else []


def _of_the_target(target: Target, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise BadRequest(f"the object provided is not a {target.kind.name}: it must be a JSON object")
    api_version, kind = body.get("apiVersion") or target.api_version, body.get("kind") or target.kind.name
    if api_version != target.api_version:
        raise BadRequest(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({target.api_version})"
        )
    if kind != target.kind.name:
        raise BadRequest(f"the kind in the data ({kind}) does not match the expected kind ({target.kind.name})")
    return {**body, "apiVersion": target.kind.api_version, "kind": target.kind.name}


def _unhandled(target: Target, why: str) -> BadRequest:
    kind = target.kind.name
    return BadRequest(f'{kind} in version "{target.version}" cannot be handled as a {kind}: {why}')


_GO_VALUES = {"integer": "number", "boolean": "bool"}
_GO_TYPES = {"integer": "int32", "boolean": "bool", "number": "float64"}


def _check_types(target: Target, schema: catalogue.Schema, obj: Object) -> None:
    found = check.type_problems(schema, obj)
    if not found:
        return
    if not target.is_native:
        raise problems.refusal(target.kind, _name(obj), found)
    first = found[0]
    value = first.message.removeprefix("Invalid value: ").partition(":")[0].strip('"')
    wanted = first.message.rpartition("must be of type ")[2].partition(":")[0]
    place = f"{target.kind.name}.{check.without_indices(first.field)}"
    value, wanted = _GO_VALUES.get(value, value), _GO_TYPES.get(wanted, wanted)
    raise _unhandled(target, f"json: cannot unmarshal {value} into Go struct field {place} of type {wanted}")


def _name(obj: Object) -> str:
    metadata = obj.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else ""
    return name if isinstance(name, str) else ""


def for_creation(target: Target, obj: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """The object to create, complete. Adds to `warnings` what is odd about it. Raises BadRequest, Invalid."""
    obj = _placed(target, obj)
    if target.kind.has_status:
        obj.pop("status", None)
    complete = _completed(target, obj)
    _judge(target, complete, None, warnings)
    return complete


def _completed(target: Target, obj: dict[str, Any]) -> dict[str, Any]:
    if target.resource.custom:
        return custom_objects.completed(target.schema, obj)
    return defaults.with_defaults(target.kind, obj)


def for_update(target: Target, obj: dict[str, Any], before: Object, warnings: list[str]) -> dict[str, Any]:
    """The object to put in the place of `before`, complete. Adds to `warnings`. Raises BadRequest, Invalid."""
    obj = _placed(target, obj)
    if target.kind.has_status:
        obj.pop("status", None)
        obj |= {"status": before["status"]} if "status" in before else {}
    complete = _completed(target, defaults.with_allocated(target.kind, obj, before))
    _judge(target, complete, before, warnings)
    return complete


def for_status(target: Target, obj: dict[str, Any], before: Object, warnings: list[str]) -> dict[str, Any]:
    """`before` with the status of `obj`. Adds to `warnings`. Raises BadRequest, Invalid."""
    obj = _placed(target, obj)
    new = {**before, "metadata": {**before["metadata"], **_preconditions(obj)}}
    new.pop("status", None)
    if "status" in obj:
        new["status"] = obj["status"]
    complete = _completed(target, new)
    if target.resource.custom:
        _raise(target, complete, custom_objects.broken(target.resource, complete, before, warnings))
    elif not target.is_native:
        _raise(target, complete, _of_schema(target, complete, before))
    return complete


def _preconditions(obj: Object) -> dict[str, Any]:
    names = ("uid", "resourceVersion")
    return {name: obj["metadata"][name] for name in names if obj["metadata"].get(name)}


def _placed(target: Target, obj: dict[str, Any]) -> dict[str, Any]:
    """The object with the name and namespace of the request, which it must not contradict."""
    metadata = dict(obj["metadata"])
    if not target.kind.namespaced:
        metadata.pop("namespace", None)
    elif (given := metadata.get("namespace") or target.namespace) != target.namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request "
            f"({given} and {target.namespace})"
        )
    else:
        metadata["namespace"] = target.namespace
    if target.name:
        if (given := metadata.get("name") or target.name) != target.name:
            raise BadRequest(
                f"the name of the object ({given}) does not match the name on the URL ({target.name})",
            )
        metadata["name"] = target.name
    return {**obj, "metadata": metadata}


def _judge(target: Target, obj: Object, before: Object | None, warnings: list[str]) -> None:
    if target.resource.custom:
        found = custom_objects.broken(target.resource, obj, before, warnings)
        _raise(target, obj, [*rules.broken(target.kind, obj, before), *found])
    else:
        _judge_built_in(target, obj, before)
    warnings += remarks.about(target.kind, obj, before)
    known = _odd(target, before) if before is not None else []
    warnings += [each for each in _odd(target, obj) if each not in known]


def _odd(target: Target, obj: Object) -> list[str]:
    """What may be other than who wrote the object thinks."""
    return [*unacted.warnings(target.kind, obj), *channels.warnings(target.kind, obj)]


def _judge_built_in(target: Target, obj: Object, before: Object | None) -> None:
    found = [
        problem
        for problem in _of_schema(target, obj, before)
        if not (target.is_native and problem.field.startswith("status"))
    ]
    # The rules between fields may take for granted what the schema asks for.
    _raise(target, obj, found or rules.broken(target.kind, obj, before, target.version))


def _of_schema(target: Target, obj: Object, before: Object | None) -> Sequence[problems.Problem]:
    """What the schema has against the object. What a version that asks for less let in is let pass in the others, as
    long as it does not change (KEP 4008).
    """
    found = check.rule_problems(target.schema, obj)
    if found and before is not None and not target.is_native:
        tolerated = set(check.rule_problems(target.schema, before))
        return [each for each in found if each not in tolerated]
    return found


def _raise(target: Target, obj: Object, found: Sequence[problems.Problem]) -> None:
    if found:
        name = _name(obj) or obj["metadata"].get("generateName", "")
        raise problems.refusal(target.kind, name, found)
