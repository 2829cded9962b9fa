"""Custom resources: pruning and defaulting are idempotent, and nothing that clients send breaks the judges."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from custom_objects import SPEC, definition, version, widget
from gatelab.apiserver.custom.resources import resources_of
from gatelab.kinds.builtin import CUSTOM_RESOURCE_DEFINITION
from gatelab.kinds.custom import cel, pruning
from gatelab.kinds.custom.names import status
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.defaults.structural import with_schema_defaults
from gatelab.kinds.schemas import catalogue, check, prune, rules

NAMES = st.sampled_from(["size", "color", "parts", "name", "count", "free", "note", "port", "x", "metadata", "spec"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=4), max_leaves=12
)
RULES = [{"rule": "self.size < 5 || self.parts.all(p, p.count > 0)"}, {"rule": "self.color == oldSelf.color"}]
SCHEMA = pruning.whole(
    {
        "type": "object",
        "properties": {"spec": {**SPEC, "x-kubernetes-validations": RULES}, "status": {"type": "object"}},
    }
)
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "map"])
FIELDS = st.sampled_from(["spec", "size", "parts", "metadata", "name"])


def schemas() -> st.SearchStrategy[Any]:
    """Schemas of the right shape, structural ones and others."""
    below = st.deferred(schemas)
    return st.fixed_dictionaries(
        {"type": TYPES},
        optional={
            "properties": st.dictionaries(FIELDS, below, max_size=2),
            "items": below,
            "additionalProperties": below | st.booleans() | VALUES,
            "default": VALUES,
            "enum": st.lists(SCALARS, max_size=2),
            "required": st.lists(FIELDS, max_size=2),
            "pattern": st.sampled_from(["^a", "(", "[a-z]+"]),
            "format": st.sampled_from(["date-time", "ipv4", "x"]),
            "nullable": st.booleans(),
            "multipleOf": st.sampled_from([0, 1, 2.5]),
            "anyOf": st.lists(below, max_size=2),
            "not": below,
            "x-kubernetes-list-type": st.sampled_from(["map", "set", "atomic", "x"]),
            "x-kubernetes-list-map-keys": st.lists(FIELDS, max_size=2),
            "x-kubernetes-embedded-resource": st.booleans(),
            "x-kubernetes-preserve-unknown-fields": st.booleans(),
            "x-kubernetes-validations": st.lists(st.fixed_dictionaries({"rule": st.text(max_size=5)}), max_size=1),
        },
    )


@given(VALUES)
def test_pruning_and_defaulting_twice_is_once(spec: Any) -> None:
    kept, _ = pruning.pruned(SCHEMA, {**widget(), "spec": spec})
    again, unknown = pruning.pruned(SCHEMA, kept)
    assert (again, unknown) == (kept, [])
    complete = with_schema_defaults(SCHEMA, kept)
    assert with_schema_defaults(SCHEMA, complete) == complete
    assert pruning.pruned(SCHEMA, complete) == (complete, [])


@settings(deadline=None)  # the first rule loads the engine
@given(VALUES, VALUES)
def test_the_judges_never_raise(new: Any, old: Any) -> None:
    obj, before = {**widget(), "spec": new}, {**widget(), "spec": old}
    kept, _ = pruning.pruned(SCHEMA, obj)
    if not check.type_problems(SCHEMA, kept):
        check.rule_problems(SCHEMA, kept)
    cel.broken(SCHEMA, kept, before)


@given(schemas() | VALUES)
def test_any_schema_is_judged_and_what_is_accepted_can_be_served(schema: Any) -> None:
    crd = definition(version())
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema
    shape = catalogue.schema_of(CUSTOM_RESOURCE_DEFINITION)
    kept, _ = prune.pruned(shape, crd)
    if check.type_problems(shape, kept):
        return
    complete = with_defaults(CUSTOM_RESOURCE_DEFINITION, kept)
    if check.rule_problems(shape, complete) or rules.broken(CUSTOM_RESOURCE_DEFINITION, complete, None):
        return
    complete["status"] = status(complete, [], "2026-01-02T03:04:05Z")
    (resource,) = resources_of(complete)
    served, _ = pruning.pruned(resource.schema, widget())
    check.type_problems(resource.schema, with_schema_defaults(resource.schema, served))
