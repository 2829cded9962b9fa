"""YAML as experiment files are read: safe, and strict where a mistake would pass unnoticed."""

from typing import Any

import yaml

from gatelab.experiment.errors import ExperimentFileError


class _Loader(yaml.SafeLoader):
    """A field that is there twice is an error: to YAML itself the last one wins, in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge" else None
            if name is not None and name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the field {name!r} is there twice", key.start_mark
                )
            seen |= {name} if name is not None else set()
        return super().construct_mapping(node, deep)


def parse_yaml(text: str) -> object:
    """The one document in `text`. Raises ExperimentFileError."""
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ExperimentFileError(f"is not YAML: {error}") from error
    except RecursionError as error:
        raise ExperimentFileError("is nested too deeply") from error
