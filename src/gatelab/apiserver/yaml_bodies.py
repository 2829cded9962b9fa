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


def decoded(data: bytes) -> Any:
    """One YAML document. Raises ValueError, also for aliases: with them little text makes a lot of data."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(data, yaml.CSafeLoader)):
            raise ValueError("YAML aliases are not accepted; write the value out")
        value = yaml.load(data, _Loader)  # a subclass of the safe loader
        return msgspec.json.decode(msgspec.json.encode(value))
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(str(error)) from error
