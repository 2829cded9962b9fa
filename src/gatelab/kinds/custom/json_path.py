"""JSONPath as CustomResourceDefinitions use it: `.spec.replicas`, `.status.conditions[?(@.type=="Ready")].status`.

The part of `k8s.io/client-go/util/jsonpath` that names values: fields, indices, `*`, and filters that compare a field
with a constant. Recursive descent, slices and unions are not in it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Step = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""\.?\[\s*(?P<index>-?\d+)\s*\]
      | \.?\[\s*(?P<all>\*)\s*\] | \.(?P<every>\*)
      | \.?\[\s*'(?P<quoted>[^']*)'\s*\] | \.?\[\s*"(?P<quoted2>[^"]*)"\s*\]
      | \.?\[\?\(\s*@(?P<path>(\.[^=!<>\s\])]+)?)\s*(?P<operator>==|!=|<=|>=|<|>)
        \s*(?P<constant>"[^"]*"|'[^']*'|[^\s)]+)\s*\)\]
      | \.?(?P<name>(?:[^.\[\]\\\s(){}?@]|\\.)+)""",
    re.VERBOSE,
)


def compiled(text: str) -> Callable[[Any], Sequence[Any]]:
    """What finds the values at the path. Raises ValueError naming the place that cannot be read."""
    steps: list[Step] = []
    at, text = 0, text.strip().removeprefix("{").removesuffix("}").removeprefix("$")
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"unrecognized path at {text[at:]!r}")
        steps.append(_step(found))
        at = found.end()

    def values(obj: Any) -> Sequence[Any]:
        found = [obj]
        for step in steps:
            found = [value for each in found for value in step(each)]
        return found

    return values


def _step(found: re.Match[str]) -> Step:
    if found["index"] is not None:
        return _at_index(int(found["index"]))
    if found["all"] or found["every"]:
        return _every
    if found["operator"]:
        return _filter(found["path"], found["operator"], found["constant"])
    quoted = found["quoted"] if found["quoted"] is not None else found["quoted2"]
    return _at_name(quoted if quoted is not None else re.sub(r"\\(.)", r"\1", found["name"]))


def _at_name(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _at_index(index: int) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= index < len(value):
            yield value[index]

    return step


def _every(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: bool(left == right),
    "!=": lambda left, right: bool(left != right),
    "<": lambda left, right: bool(left < right),
    ">": lambda left, right: bool(left > right),
    "<=": lambda left, right: bool(left <= right),
    ">=": lambda left, right: bool(left >= right),
}


def _filter(path: str, operator: str, constant: str) -> Step:
    left, right, compare = compiled(path), _constant(constant), _COMPARE[operator]

    def holds(value: Any) -> bool:
        found = left(value)
        try:
            return bool(found) and compare(found[0], right)
        except TypeError:
            return False

    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, list):
            yield from (each for each in value if holds(each))

    return step


def _constant(text: str) -> Any:
    if text[0] in "\"'":
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
