"""Conditions as translation makes them: with type, status, reason, message and observedGeneration, but no time."""

from gatelab.kinds.conditions import Condition

ACCEPTED = "Accepted"
PROGRAMMED = "Programmed"
RESOLVED_REFS = "ResolvedRefs"
CONFLICTED = "Conflicted"
PARTIALLY_INVALID = "PartiallyInvalid"


def holds(type_: str, generation: int, *, reason: str = "", message: str) -> Condition:
    """The condition is True; its reason is its type unless the spec names another. The message says what that means."""
    return Condition(type=type_, status="True", reason=reason or type_, message=message, observed_generation=generation)


def fails(type_: str, generation: int, *, reason: str, message: str) -> Condition:
    """The condition is False, and the message says what to change."""
    return Condition(type=type_, status="False", reason=reason, message=message, observed_generation=generation)
