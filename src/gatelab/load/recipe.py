"""Things of a plan that are made in each process: a context for TLS, a source of requests."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatelab.load.requests import RequestSource

_MODULES: Final = "gatelab."


@dataclass(frozen=True, slots=True)
class Recipe:
    """A function of gatelab by its name, `module:function`, and what it is called with: plain data."""

    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def make(self) -> Any:
        """Raises ValueError for a name that is none, and whatever the function raises."""
        module, _, name = self.factory.partition(":")
        if not module.startswith(_MODULES) or not name:
            raise ValueError(f"{self.factory!r} names no function of gatelab: write it as gatelab.module:function")
        return getattr(importlib.import_module(module), name)(**self.arguments)


def source_of(source: "RequestSource | Recipe | None") -> RequestSource | None:
    """The source itself, made if it has to be."""
    if isinstance(source, Recipe):
        made: RequestSource = source.make()
        return made
    return source
