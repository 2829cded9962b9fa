"""Custom objects, completed and judged by the schema of their definition, and shown in each of its versions."""

from collections.abc import Sequence
from typing import Any

from gatelab.apiserver.resource import Resource
from gatelab.kinds.custom import cel, pruning
from gatelab.kinds.defaults.structural import with_schema_defaults
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas import check
from gatelab.kinds.schemas.catalogue import Schema
from gatelab.kinds.schemas.problems import Problem


def completed(schema: Schema, obj: Object) -> dict[str, Any]:
    """The object with the defaults of its schema."""
    return with_schema_defaults(schema, obj)  # type: ignore[no-any-return]


def broken(resource: Resource, obj: Object, before: Object | None, warnings: list[str]) -> Sequence[Problem]:
    """The broken rules of the schema. What was broken before and did not change is let pass (KEP 4008)."""
    found = _of_schema(resource, obj)
    if found and before is not None:
        tolerated = set(_of_schema(resource, before))
        found = [each for each in found if each not in tolerated]
    if found or resource.custom is None or not resource.custom.has_rules:
        return found
    # The rules in CEL may take for granted what the schema asks for.
    broken_rules, unevaluated = cel.broken(resource.schema, obj, before)
    warnings += unevaluated
    return broken_rules


def _of_schema(resource: Resource, obj: Object) -> list[Problem]:
    asked = resource.custom.metadata if resource.custom else {}
    return [*check.rule_problems(resource.schema, obj), *check.rule_problems(asked, obj["metadata"], "metadata")]


def shown(resource: Resource, obj: Object) -> Object:
    """A stored object in the version of `resource`: with its `apiVersion`, pruned and completed by its schema.

    Conversion is `None`: versions differ in `apiVersion` and in what their schemas know.
    """
    version = f"{resource.kind.group}/{resource.version}"
    kept, _ = pruning.pruned(resource.schema, obj)
    return completed(resource.schema, {**kept, "apiVersion": version})
