"""Templated data that is parsed once: a message whose strings are filled in for each call.

Reading JSON and making a message of it takes fifty times what filling in a string does. It can be done beforehand where
every action stands inside of a JSON string that becomes a string field; other data goes the long way.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from gatelab.call.errors import DataError
from gatelab.call.messages import parse
from gatelab.call.schema import Method
from gatelab.cli.load.template import CallData, Template

# Of the private use area: what holds them already goes the long way.
_OPEN, _CLOSE = "\ue000", "\ue001"
_HOLE: Final = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]*')
"""What stands for itself inside of a JSON string."""


@dataclass(frozen=True, slots=True)
class _Field:
    """A string field with actions: literals around them, one more than there are actions."""

    owner: Message
    name: str
    literals: tuple[str, ...]
    actions: tuple[Callable[[CallData], str], ...]


class Shape:
    """The message of a template."""

    def __init__(self, message: Message, fields: tuple[_Field, ...]) -> None:
        self._message = message
        self._fields = fields

    @classmethod
    def of(cls, method: Method, template: Template) -> "Shape | None":
        """None where the data has to be read anew for each call."""
        if any(_OPEN in part for part in template.parts if isinstance(part, str)):
            return None
        actions = [part for part in template.parts if not isinstance(part, str)]
        numbers = iter(range(len(actions)))
        text = "".join(part if isinstance(part, str) else f"{_OPEN}{next(numbers)}{_CLOSE}" for part in template.parts)
        try:
            message = parse(method, json.loads(text))
        except (json.JSONDecodeError, DataError):
            return None
        fields = tuple(_holes(message, actions))
        return cls(message, fields) if sum(len(each.actions) for each in fields) == len(actions) else None

    def filled(self, call: CallData) -> bytes | None:
        """The encoded message of a call; None where a text would have to be read as JSON after all."""
        for field in self._fields:
            text = field.literals[0]
            for action, literal in zip(field.actions, field.literals[1:], strict=True):
                value = action(call)
                if not _PLAIN.fullmatch(value):
                    return None
                text += value + literal
            setattr(field.owner, field.name, text)
        return self._message.SerializeToString()


def _holes(message: Message, actions: list[Callable[[CallData], str]]) -> Iterator[_Field]:
    """Of the message and of those in it; in lists and maps they are not looked for, and so are missed by the count."""
    for field, value in message.ListFields():
        if field.is_repeated:
            continue
        if field.type == FieldDescriptor.TYPE_STRING and _OPEN in value:
            literals, numbers = _HOLE.split(value)[::2], _HOLE.findall(value)
            yield _Field(message, field.name, tuple(literals), tuple(actions[int(each)] for each in numbers))
        elif field.message_type is not None:
            yield from _holes(value, actions)
