"""Forms of values in a ConfigMap of parameters: how each is written, and how it is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from gatelab.kinds.durations import parse_duration_s
from gatelab.kinds.quantity import parse_quantity
from gatelab.proxy.model import GrpcCode

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_SERVICE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,511}")
_LEAST_S, _MOST_S = 0.001, 86_400.0
_MOST_DIGITS = 10


@dataclass(frozen=True, slots=True)
class Form:
    """`words` follow "write"; `parse` raises ValueError."""

    words: str
    parse: Callable[[str], Any]


def whole(least: int, most: int) -> Form:
    """A whole number in decimal digits."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and least <= int(text) <= most):
            raise ValueError(text)
        return int(text)

    return Form(f"a whole number from {least} to {most}", parse)


def one_of(*words: str) -> Form:
    """One of these words."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return Form(f"one of {', '.join(words)}", parse)


def _duration(text: str) -> float:
    seconds = parse_duration_s(text)
    if not _LEAST_S <= seconds <= _MOST_S:
        raise ValueError(text)
    return seconds


def _quantity(text: str) -> str:
    if parse_quantity(text) <= 0:
        raise ValueError(text)
    return text


def _matching(pattern: "re.Pattern[str]", text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    return text


def _codes(text: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(each.strip() for each in text.split(",")))
    if not set(codes) <= set(get_args(GrpcCode)):
        raise ValueError(text)
    return codes


DURATION = Form("a duration from 1ms to 24h, like 500ms or 10s", _duration)
QUANTITY = Form("a quantity above 0, like 500m or 256Mi", _quantity)
HEADER = Form("the name of a header", lambda text: _matching(_HEADER, text).lower())
SERVICE = Form("the full name of a gRPC service", lambda text: _matching(_SERVICE, text))
GRPC_CODES = Form(f"some of {', '.join(get_args(GrpcCode))}", _codes)
LIMIT = whole(1, 1_000_000_000)
