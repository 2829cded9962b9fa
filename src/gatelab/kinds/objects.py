"""What an object of the API is to us, and how it is named.

An object is the JSON that the API shows: a dict. Objects that come from a watch or a list are shared between all who
look at them and must not be changed; whoever writes builds a new one.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

Object = Mapping[str, Any]
"""An API object as JSON. Read-only by convention and by type: it is shared, never copied."""


class Key(NamedTuple):
    """The name of an object within its kind. `namespace` is "" for cluster-scoped kinds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def key_of(obj: Object) -> Key:
    """The key of an object that has a name."""
    metadata = obj["metadata"]
    return Key(metadata.get("namespace", ""), metadata["name"])


def is_being_deleted(obj: Object) -> bool:
    """Whether deletion was asked for and waits for finalizers or a grace period."""
    return "deletionTimestamp" in obj["metadata"]


def controller_of(obj: Object) -> Mapping[str, Any] | None:
    """The owner reference with `controller: true`, of which an object has one at most."""
    for reference in obj["metadata"].get("ownerReferences", ()):
        if reference.get("controller"):
            return reference  # type: ignore[no-any-return]
    return None
