"""The CEL engine behind one function: `evaluate`. Loaded with the first rule: its import takes a quarter of a second.

`common-expression-language` binds the Rust crate `cel`. It cannot be interrupted, so what a rule may cost is
estimated before: the size of the value, to the power of how deep the rule nests its loops.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from gatelab.kinds.custom.cel.functions import FUNCTIONS, NAMESPACES

_MOST_STEPS = 2_000_000
"""About a second."""
_LONGEST = 16 * 1024
_LOOP = re.compile(r"\.(?:all|exists|exists_one|existsOne|map|filter)\(")


class Unevaluated(Exception):
    """The rule could not be evaluated here. The message says why."""


class Failed(Exception):
    """The rule was evaluated, to an error that CEL itself defines: a key that is not there."""


def evaluate(rule: str, variables: Mapping[str, Any], size: int) -> Any:
    """The value of the expression. `size` is that of what it looks at. Raises Unevaluated, Failed."""
    if size ** max(1, loops(rule)) > _MOST_STEPS:
        raise Unevaluated(f"it nests {loops(rule)} loops over {size} values, which may take too long")
    program, context = compiled(rule), _context()
    for name, value in variables.items():
        context.add_variable(name, value)
    try:
        return program.execute(context)
    except KeyError as error:
        raise Failed(f"no such key: {error.args[0] if error.args else error}") from error
    except (ValueError, TypeError, RuntimeError, ArithmeticError, IndexError, RecursionError) as error:
        raise Unevaluated(_first_line(error)) from error


@cache
def compiled(rule: str) -> Any:
    """Raises Unevaluated when the engine cannot read the rule."""
    import cel

    if len(rule) > _LONGEST:
        raise Unevaluated(f"it is longer than {_LONGEST} characters")
    try:
        return cel.compile(rule)
    except (ValueError, RecursionError) as error:
        raise Unevaluated(_first_line(error)) from error


def optional(value: Any, *, present: bool) -> Any:
    """CEL's optional value."""
    from cel import OptionalValue

    return OptionalValue.of(value) if present else OptionalValue.none()


@cache
def _context() -> Any:
    """One for all rules: everything runs in one thread, and each evaluation sets the variables that it names."""
    import cel
    from cel.stdlib import add_stdlib_to_context

    context = cel.Context()
    add_stdlib_to_context(context)
    for name in NAMESPACES:
        context.add_variable(name, {"library": name})
    for name, function in FUNCTIONS.items():
        context.add_function(name, function)
    return context


def loops(rule: str) -> int:
    """How deep the rule nests its loops. Parentheses in strings make it a guess, and an upper bound is meant."""
    deepest, open_loops, depth, at = 0, [], 0, 0
    while at < len(rule):
        if found := _LOOP.match(rule, at):
            depth += 1
            open_loops.append(depth)
            deepest = max(deepest, len(open_loops))
            at = found.end()
            continue
        if rule[at] == "(":
            depth += 1
        elif rule[at] == ")":
            if open_loops and open_loops[-1] == depth:
                open_loops.pop()
            depth -= 1
        at += 1
    return deepest


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [repr(error)])[0][:300]
