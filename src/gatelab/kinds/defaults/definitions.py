"""What a CustomResourceDefinition gets that does not say (`apiextensions/v1/defaults.go`)."""

from typing import Any

from gatelab.kinds.objects import Object


def custom_resource_definition(crd: Object) -> dict[str, Any]:
    """Names that follow from the kind, and no conversion."""
    spec = dict(crd.get("spec") or {})
    names = dict(spec.get("names") or {})
    if kind := names.get("kind"):
        names = {**names, "singular": names.get("singular") or kind.lower()}
        names["listKind"] = names.get("listKind") or f"{kind}List"
    spec["names"] = names
    spec["conversion"] = {**(spec.get("conversion") or {})} or {"strategy": "None"}
    # Who does not want unknown fields preserved may say so, and it is the only value there is.
    if spec.get("preserveUnknownFields") is False:
        del spec["preserveUnknownFields"]
    return {**crd, "spec": spec} if "spec" in crd else dict(crd)
