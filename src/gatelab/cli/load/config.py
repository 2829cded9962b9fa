"""ghz's configuration files: keys are the long names of options; the command line stands above them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from gatelab.cli.durations import GO_DURATION

_OBJECTS: Final = frozenset({"data", "metadata", "tags", "reflect-metadata"})
_UNITS: Final = {"": 1, "b": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([kmg]?i?)b?", re.IGNORECASE)
_ALTERNATIVES: Final = (
    ("data", "data_file", "binary", "binary_file"),
    ("metadata", "metadata_file"),
    ("proto", "protoset"),
    ("duration", "max_duration"),
)
"""Where one is on the command line, the others of the file do not count."""


class ByteSize(click.ParamType[int]):
    """Bytes, from `4MB`, `512 KiB` or `1000`."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _SIZE.fullmatch(str(value).strip())
        if found is None or found[2].lower() not in _UNITS:
            self.fail(f"{value!r} is not a size: write it as 4MB, 512KiB or 1000", param, ctx)
        return int(float(found[1]) * _UNITS[found[2].lower()])


BYTE_SIZE = ByteSize()


def read_config(context: click.Context, _parameter: click.Parameter, path: str | None) -> str | None:
    """Makes the file's values the defaults of the command. Raises click.UsageError naming the file and the key."""
    if path:
        values = _parsed(Path(path.strip()))
        names = {_key_of(each): each for each in context.command.params}
        unknown = [key for key in values if key.lower() not in names]
        for key in unknown:
            click.echo(f"note: {path}: there is no option {key!r}; it is ignored", err=True)
        known = {key.lower(): value for key, value in values.items() if key not in unknown}
        context.default_map = {
            str(names[key].name): _text(path, key, value, names[key])
            for key, value in known.items()
            if value is not None
        }
    return path


def drop_overridden(context: click.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without those of the file that the command line has said otherwise."""
    result = dict(values)
    for names in _ALTERNATIVES:
        given = {name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
        if given:
            result |= {name: _empty(values[name]) for name in names if name not in given}
    return result


def _empty(value: object) -> object:
    return False if isinstance(value, bool) else 0 if isinstance(value, float) else None


def _key_of(parameter: click.Parameter) -> str:
    """The long name, in lower case: Go's JSON does not look at the case of keys."""
    longest = max(parameter.opts, key=len)
    return longest.removeprefix("--").lower()


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix.lower() in (".yaml", ".yml"):
            import yaml

            try:
                values = yaml.safe_load(text)
            except yaml.YAMLError as error:
                raise ValueError(f"not YAML: {error}") from error
        else:
            import tomllib

            values = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise click.UsageError(f"could not read --config {path}: {error.strerror}") from error
    except ValueError as error:
        raise click.UsageError(f"--config {path}: {error}") from error
    if not isinstance(values, dict):
        raise click.UsageError(f"--config {path}: it holds no object of options")
    return values


def _text(path: str, key: str, value: object, parameter: click.Parameter) -> object:
    """A value as the command line would have it."""
    if parameter.type is GO_DURATION and not isinstance(value, str):
        raise click.UsageError(f'--config {path}: {key}: {value!r} is not a duration: write it as "60s"')
    if key in _OBJECTS and isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if key == "import-paths" and isinstance(value, list):
        return ",".join(map(str, value))
    if key == "expect":
        return [value] if isinstance(value, str) else value
    if isinstance(value, dict | list):
        raise click.UsageError(f"--config {path}: {key} is not a list or an object")
    return value
