"""The resources of one CustomResourceDefinition: one a served version."""

from collections.abc import Sequence

from gatelab.apiserver.custom.columns import columns_of
from gatelab.apiserver.resource import CustomResource, Resource
from gatelab.kinds.custom import cel, pruning
from gatelab.kinds.custom.definition import Definition, Version, read
from gatelab.kinds.custom.names import is_established
from gatelab.kinds.objects import Object
from gatelab.kinds.schemas.catalogue import Schema


def resources_of(crd: Object) -> Sequence[Resource]:
    """What the definition has the API serve; nothing before its names are accepted."""
    if not is_established(crd):
        return ()
    definition = read(crd)
    return [_resource(definition, version) for version in definition.versions if version.served]


def _metadata(version: Version) -> Schema:
    """What the definition asks of names; the rest of metadata is not its business."""
    return dict(version.schema.get("properties", {}).get("metadata") or {})


def _resource(definition: Definition, version: Version) -> Resource:
    schema = pruning.whole(version.schema)
    custom = CustomResource(definition.terminating, version.scale, _metadata(version), cel.has_rules(schema))
    parts = ["status"] * version.has_status + ["scale"] * (version.scale is not None)
    return Resource(
        definition.kind_in(version),
        version.name,
        schema,
        is_native=False,
        subresources=frozenset(parts),
        columns=columns_of(version.columns),
        deprecation=version.deprecation,
        custom=custom,
    )
