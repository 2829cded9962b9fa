"""Matches on headers and on query parameters, alike for all kinds of routes (`HTTPHeaderMatch`, `GRPCHeaderMatch`)."""

import re
from collections.abc import Sequence

from gatelab.gateway.translate.unsupported import Unsupported, brief
from gatelab.kinds.gatewayapi import HeaderMatch
from gatelab.proxy import model, regex

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def header_name(field: str, name: str) -> str:
    """The name in lower case: headers ignore case. Raises Unsupported if no header can have it."""
    if not _NAME.fullmatch(name):
        raise Unsupported(f"{field} {brief(name)!r} is not the name of a header")
    return name.lower()


def no_control_characters(field: str, value: str) -> str:
    """The value. Raises Unsupported if no header can have it."""
    if _CONTROL.search(value):
        raise Unsupported(f"{field} has control characters, which no header can have; remove them")
    return value


def headers(matches: Sequence[HeaderMatch]) -> tuple[model.HeaderMatch, ...]:
    """Of several matches on one name only the first counts. Raises Unsupported."""
    first: dict[str, model.HeaderMatch] = {}
    for index, each in enumerate(matches):
        name = header_name(f"headers[{index}].name", each.name)
        if name in first:
            continue
        if each.type == "RegularExpression":
            first[name] = model.HeaderMatch(name, "regex", expression(f"headers[{index}].value", each.value))
        else:
            _check_type(f"headers[{index}].type", each)
            value = no_control_characters(f"headers[{index}].value", each.value)
            first[name] = model.HeaderMatch(name, "exact", value)
    return tuple(first.values())


def query_parameters(matches: Sequence[HeaderMatch]) -> tuple[model.QueryMatch, ...]:
    """Names are compared exactly; of several matches on one name only the first counts. Raises Unsupported."""
    first: dict[str, model.QueryMatch] = {}
    for index, each in enumerate(matches):
        if not each.name:
            raise Unsupported(f"queryParams[{index}].name is empty")
        if each.name in first:
            continue
        if each.type == "RegularExpression":
            value = expression(f"queryParams[{index}].value", each.value)
            first[each.name] = model.QueryMatch(each.name, "regex", value)
        else:
            _check_type(f"queryParams[{index}].type", each)
            first[each.name] = model.QueryMatch(each.name, "exact", each.value)
    return tuple(first.values())


def _check_type(field: str, match: HeaderMatch) -> None:
    if match.type != "Exact":
        raise Unsupported(f"{field} {match.type} is not supported; use Exact or RegularExpression")


def expression(field: str, pattern: str) -> str:
    """The expression in a group of its own, so that an alternative in it ends where it ends. Raises Unsupported."""
    problem = regex.problem(pattern)
    if problem:
        raise Unsupported(
            f"{field} {brief(pattern)!r} is not a regular expression that can be served ({brief(problem)}); "
            "see https://github.com/google/re2/wiki/Syntax"
        )
    group = f"(?:{pattern})"
    # What begins with \Q is literal up to \E, or to the end of the pattern: here that is the end of the group.
    return group if regex.problem(group) is None else f"(?:{pattern}\\E)"
