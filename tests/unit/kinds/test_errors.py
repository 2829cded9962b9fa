"""The error tree and Status objects."""

import pytest

from gatelab.kinds.errors import (
    BY_REASON,
    ApiError,
    Conflict,
    InternalError,
    Invalid,
    NotFound,
    Unauthorized,
    from_status,
)


@pytest.mark.parametrize("kind", BY_REASON.values())
def test_a_status_tells_the_error_it_came_from(kind: type[ApiError]) -> None:
    status = kind("why", details={"name": "x"}).to_status()
    again = from_status(status)
    assert (type(again), again.message, again.details) == (kind, "why", {"name": "x"})
    assert (status["kind"], status["apiVersion"], status["status"], status["code"]) == (
        *("Status", "v1", "Failure"),
        kind.code,
    )


def test_without_a_known_reason_the_code_decides() -> None:
    assert isinstance(from_status({"code": 404}), NotFound)
    assert isinstance(from_status({"code": 401, "reason": "Odd"}), Unauthorized)
    assert isinstance(from_status({"code": 299}), InternalError)
    assert isinstance(from_status({}), InternalError)


def test_the_two_conflicts_are_told_apart_by_reason() -> None:
    assert isinstance(from_status({"code": 409, "reason": "Conflict"}), Conflict)


def test_causes_are_part_of_the_details() -> None:
    error = Invalid("no", causes=[{"field": "spec.x", "message": "bad"}], details={"name": "n"})
    assert error.to_status()["details"] == {"name": "n", "causes": [{"field": "spec.x", "message": "bad"}]}
    assert "details" not in Invalid("no").to_status()
