"""What fields mean, in a sentence of our own: what `kubectl explain` shows of the kinds that people write.

In: a definition and its name. Out: the definition with descriptions, to be published. Validation knows nothing of them.
"""

from collections.abc import Mapping
from typing import Any

from gatelab.kinds.schemas.catalogue import Schema
from gatelab.kinds.schemas.descriptions.objects import OBJECTS
from gatelab.kinds.schemas.descriptions.pods import PODS
from gatelab.kinds.schemas.descriptions.workloads import WORKLOADS

__all__ = ["DESCRIPTIONS", "described"]

DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {**OBJECTS, **PODS, **WORKLOADS}
"""Name of a definition -> field -> its description; "" is the definition itself."""

_EVERYWHERE = {
    "apiVersion": "The version of the API that the object is written in.",
    "kind": "What kind of object this is.",
    "metadata": "The object's name, namespace, labels and annotations.",
    "spec": "What is wanted.",
    "status": "What is; written by the controllers.",
}


def described(name: str, schema: Schema) -> Schema:
    """The definition of that name with what is known about its fields."""
    texts = DESCRIPTIONS.get(name, {})
    properties: dict[str, Any] = {}
    for field, of_field in (schema.get("properties") or {}).items():
        text = texts.get(field) or (_EVERYWHERE.get(field) if "metadata" in schema["properties"] else None)
        properties[field] = {**of_field, "description": text} if text else of_field
    whole = {"description": texts[""]} if "" in texts else {}
    return {**schema, **whole, **({"properties": properties} if properties else {})}
