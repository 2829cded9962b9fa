"""Go templates in data and metadata: the variables and functions that ghz documents, and nothing else of the language.

`{{.RequestNumber}}`, `{{newUUID}}`, `{{randomString 8}}`, `{{randomInt 1 10}}`; with ghz's trim markers and comments.
Pipelines, control structures and sprig's functions are refused with words.
"""

import random
import re
import string
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

_ACTION: Final = re.compile(r"\{\{(- )?(.*?)( -)?\}\}", re.DOTALL)
_INTEGER: Final = re.compile(r"[+-]?\d+")
_ALPHABET: Final = string.ascii_letters + string.digits
_ANY_LENGTH: Final = (2, 16)
"""Of a random string whose length is not given, as in ghz."""


class TemplateError(ValueError):
    """What is not understood, and what is."""


@dataclass(slots=True)
class CallData:
    """What a template may say of its call. Times and UUID are those of one moment."""

    number: int
    worker: str
    method: Mapping[str, str]
    """The fields that are the same for all calls."""
    now_ns: int = field(default_factory=time.time_ns)
    uuid: str = ""

    def again(self) -> "CallData":
        """The same call at this moment, for the next message of a stream."""
        return CallData(self.number, self.worker, self.method)


def _uuid(call: CallData) -> str:
    if not call.uuid:
        call.uuid = str(uuid.uuid4())
    return call.uuid


def _timestamp(call: CallData) -> str:
    text = datetime.fromtimestamp(call.now_ns // 1_000_000_000).astimezone().isoformat(timespec="seconds")
    return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text


METHOD_VARIABLES: Final = (
    "FullyQualifiedName",
    "MethodName",
    "ServiceName",
    "InputName",
    "OutputName",
    "IsClientStreaming",
    "IsServerStreaming",
)
_CALL_VARIABLES: Final[Mapping[str, Callable[[CallData], str]]] = {
    "RequestNumber": lambda call: str(call.number),
    "WorkerID": lambda call: call.worker,
    "Timestamp": _timestamp,
    "TimestampUnix": lambda call: str(call.now_ns // 1_000_000_000),
    "TimestampUnixMilli": lambda call: str(call.now_ns // 1_000_000),
    "TimestampUnixNano": lambda call: str(call.now_ns),
    "UUID": _uuid,
}
VARIABLES: Final = (*_CALL_VARIABLES, *METHOD_VARIABLES)
FUNCTIONS: Final = {"newUUID": 0, "randomString": 1, "randomInt": 2}
"""Names and how many whole numbers follow."""

_Part = str | Callable[[CallData], str]


class Template:
    """Text with actions. `parse` finds every mistake; `render` makes none."""

    def __init__(self, parts: list[_Part], text: str = "") -> None:
        self.parts = parts
        """Literals, and what renders an action."""
        self.text = text
        """What it was parsed from."""
        self.has_actions = any(not isinstance(part, str) for part in parts)

    @classmethod
    def parse(cls, text: str, *, functions: bool = True) -> "Template":
        """Raises TemplateError naming the action."""
        parts: list[_Part] = []
        at, trim = 0, False
        for found in _ACTION.finditer(text):
            before = _literal(text[at : found.start()], trim)
            parts.append(before.rstrip() if found[1] else before)
            body = found[2].strip()
            if not (body.startswith("/*") and body.endswith("*/")):
                parts.append(_action(body, found[0], functions=functions))
            at, trim = found.end(), bool(found[3])
        parts.append(_literal(text[at:], trim))
        return cls([part for part in parts if part != ""], text)

    def render(self, call: CallData) -> str:
        return "".join([part if isinstance(part, str) else part(call) for part in self.parts])


def _literal(text: str, trim: bool) -> str:
    if "{{" in text:
        raise TemplateError(f"template: unclosed action at {text[text.index('{{') :][:40]!r}: close it with }}}}")
    return text.lstrip() if trim else text


def _action(body: str, shown: str, *, functions: bool) -> Callable[[CallData], str]:
    words = body.split()
    if not words:
        raise TemplateError("template: missing value for command: {{}} is empty")
    name = words[0].removeprefix(".")
    if words[0].startswith("."):
        return _variable(name, words[1:], shown)
    if name not in FUNCTIONS:
        known = f"the variables {', '.join(f'.{each}' for each in VARIABLES)} and the functions {', '.join(FUNCTIONS)}"
        raise TemplateError(f"template: {shown} is not understood: {known} are")
    if not functions:
        raise TemplateError(f'template: function "{name}" not defined: --disable-template-functions is given')
    if len(words) - 1 != FUNCTIONS[name] or not all(_INTEGER.fullmatch(word) for word in words[1:]):
        raise TemplateError(f"template: {shown} is not understood: {_USAGE[name]}")
    return _function(name, [int(word) for word in words[1:]], shown)


def _variable(name: str, rest: list[str], shown: str) -> Callable[[CallData], str]:
    if rest:
        raise TemplateError(
            f"template: {shown} is not understood: a variable stands alone, without pipeline or argument"
        )
    if name in _CALL_VARIABLES:
        return _CALL_VARIABLES[name]
    if name in METHOD_VARIABLES:
        return lambda call: call.method[name]
    raise TemplateError(f"template: {shown}: there is no variable .{name}; there are {', '.join(VARIABLES)}")


_USAGE: Final = {
    "newUUID": "write {{newUUID}}",
    "randomString": "write {{randomString LENGTH}} with a whole number, 0 for any length from 2 to 16",
    "randomInt": "write {{randomInt MIN MAX}} with whole numbers; MAX itself is never drawn",
}


def _function(name: str, numbers: list[int], shown: str) -> Callable[[CallData], str]:
    if name == "newUUID":
        return lambda _: str(uuid.uuid4())
    if name == "randomString":
        length = numbers[0]
        return lambda _: "".join(random.choices(_ALPHABET, k=length if length > 0 else random.randint(*_ANY_LENGTH)))
    low, high = max(0, numbers[0]), numbers[1] if numbers[1] > 0 else 1
    if high <= low:
        raise TemplateError(f"template: {shown}: there is no whole number from {low} to below {high}")
    return lambda _: str(random.randrange(low, high))
