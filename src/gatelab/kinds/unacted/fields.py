"""Fields that nothing acts on, and how they are looked for in an object."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its path; `containers[]` is every element of a list.

    `usual` are values that ask for nothing, beside absence and what is empty. `fix` says what to do instead, or why
    there is nothing to do.
    """

    path: str
    usual: Sequence[Any] = ()
    fix: str = ""

    def under(self, prefix: str) -> "Field":
        """The same field of what stands at the prefix."""
        return Field(f"{prefix}.{self.path}", self.usual, self.fix)


def found(field: Field, obj: Any) -> Iterator[str]:
    """A sentence for each place where the object has the field."""
    for path, value in values(field.path, obj):
        if value in (None, {}, [], "", False) or value in field.usual:
            continue
        shown = f": {value}" if isinstance(value, str | int) and len(str(value)) <= _LONGEST_SHOWN else ""
        fix = f"; {field.fix}" if field.fix else ""
        yield f"{path}{shown} is stored, gatelab does not act on it{fix}"


def values(path: str, obj: Any) -> Iterator[tuple[str, Any]]:
    """What the object has at a path such as `spec.rules[].name`, each with where it is."""
    return _values(obj, path.split("."), "")


def _values(obj: Any, names: Sequence[str], path: str) -> Iterator[tuple[str, Any]]:
    """The values at the path, each with where it is."""
    if not names:
        yield path, obj
        return
    name, rest = names[0], names[1:]
    plain = name.removesuffix("[]")
    value = obj.get(plain) if isinstance(obj, dict) else None
    here = f"{path}.{plain}" if path else plain
    if plain == name:
        if value is not None:
            yield from _values(value, rest, here)
        return
    for index, each in enumerate(value if isinstance(value, list) else ()):
        yield from _values(each, rest, f"{here}[{index}]")
