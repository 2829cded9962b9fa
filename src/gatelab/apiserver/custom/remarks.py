"""Warnings about definitions and custom objects that are accepted, and do less here than users may think."""

from collections.abc import Iterator

from gatelab.kinds.builtin import BUILTIN, CUSTOM_RESOURCE_DEFINITION
from gatelab.kinds.custom import cel
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Object

_OURS = ("gateway.networking.k8s.io", "gateway.networking.x-k8s.io", "cert-manager.io", "acme.cert-manager.io")
"""Groups of which users may expect that the lab acts on every kind."""
_BUILTIN = frozenset(kind.qualified_plural for kind in BUILTIN)


def about(kind: Kind, obj: Object, before: Object | None) -> Iterator[str]:
    """What to tell who wrote `obj` in the place of `before`."""
    if kind == CUSTOM_RESOURCE_DEFINITION:
        if before is None or before["spec"] != obj["spec"]:
            yield from _about_definition(obj)
    elif kind.is_custom and kind.group in _OURS and before is None:
        yield f"{kind.name}: the object is stored, but gatelab has no controller that acts on it"


def _about_definition(crd: Object) -> Iterator[str]:
    name, group = crd["metadata"].get("name", ""), crd["spec"]["group"]
    if name in _BUILTIN:
        yield f"{name}: the definition is stored, but gatelab serves this kind with the schema it was built with"
        return
    if group in _OURS:
        yield f"{name}: objects of this kind will be stored, but gatelab has no controller that acts on them"
    for index, version in enumerate(crd["spec"]["versions"]):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        yield from cel.unreadable(schema, f"spec.versions[{index}].schema.openAPIV3Schema")
