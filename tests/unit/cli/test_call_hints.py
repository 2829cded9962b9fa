"""Hints of `gatelab call`: for what a Gateway answers by itself, and for nothing else."""

import pytest

from gatelab.cli.call_hints import hint
from gatelab.grpc_wire.outcome import Status
from gatelab.grpc_wire.status import StatusCode


@pytest.mark.parametrize(
    ("code", "details", "said"),
    [
        (StatusCode.UNIMPLEMENTED, "no route of this host matches", "get grpcroutes,httproutes -A"),
        (StatusCode.UNAVAILABLE, "no healthy upstream", "no ready pod"),
        (
            StatusCode.UNAVAILABLE,
            "no backend of route GRPCRoute/shop/till/rule-0/match-0 can be used",
            "`gatelab kubectl -n shop describe grpcroute till`",
        ),
    ],
)
def test_what_a_gateway_answers_by_itself(code: StatusCode, details: str, said: str) -> None:
    assert said in str(hint(Status(code, details)))


@pytest.mark.parametrize(
    ("code", "details"),
    [
        (StatusCode.OK, ""),
        (StatusCode.UNIMPLEMENTED, "method Send is not implemented"),
        (StatusCode.UNAVAILABLE, "the till is closed"),
        (StatusCode.INTERNAL, "no healthy upstream"),
    ],
)
def test_what_a_service_answers_is_its_own(code: StatusCode, details: str) -> None:
    assert hint(Status(code, details)) is None
