"""YAML as plain JSON data."""

from typing import Any

import msgspec
import yaml


class _Loader(yaml.CSafeLoader):
    """YAML without dates, which JSON does not have."""


_Loader.yaml_implicit_resolvers = {
    first: [each for each in resolvers if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


_DEEPEST = 100
_MOST = 200_000
"""Values and brackets in one document. A second or two is spent on so many."""


def decoded(data: bytes) -> Any:
    """One YAML document. Raises ValueError, also for aliases: with them little text makes a lot of data."""
    try:
        _check(data)
        value = yaml.load(data, _Loader)  # a subclass of the safe loader
        return msgspec.json.decode(msgspec.json.encode(value))
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(str(error)) from error


def _check(data: bytes) -> None:
    """Raises ValueError for what is dear to read: the time for a nested document grows with the square of its depth."""
    depth = 0
    for count, event in enumerate(yaml.parse(data, yaml.CSafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise ValueError("YAML aliases are not accepted; write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise ValueError(f"it is nested deeper than {_DEEPEST} levels")
        if count > _MOST:
            raise ValueError(f"it has more than {_MOST} values; send it as JSON, or in several requests")
