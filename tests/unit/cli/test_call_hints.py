"""Hints of `gatelab call`: for what a Gateway answers by itself, and for nothing else."""

import pytest

from gatelab.cli.call.hints import hint, hints_of, load_hint
from gatelab.grpc_wire.outcome import Status
from gatelab.grpc_wire.status import StatusCode

UPSTREAM = "upstream connect error or disconnect/reset before headers."
TLS_ERROR = (
    "transport failure reason: TLS_error:|268435703:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER:TLS_error_end"
)


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
        (StatusCode.UNAVAILABLE, f"{UPSTREAM} reset reason: protocol error", "appProtocol: kubernetes.io/h2c"),
        (StatusCode.UNAVAILABLE, f"{UPSTREAM} reset reason: connection termination", "may expect TLS"),
        (StatusCode.UNAVAILABLE, f"{UPSTREAM} reset reason: remote connection failure, {TLS_ERROR}", "do not agree"),
        (StatusCode.UNAVAILABLE, f"{UPSTREAM} reset reason: connection timeout", "targetPort"),
        (StatusCode.UNIMPLEMENTED, "", "no route of it"),
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


@pytest.mark.parametrize(
    ("said", "tls", "certificate", "hinted"),
    [
        ("error reading server preface: error reading from server: EOF", True, False, "--cert and --key"),
        ("server does not support the reflection API", True, False, "--import-paths"),
        ("the server speaks plaintext on this port", True, False, "--insecure is plaintext"),
        ("the server answered with a TLS alert: it expects TLS on this port", False, False, "--skipTLS"),
        ("error reading from server: EOF (does the port expect TLS?)", False, False, "--skipTLS"),
    ],
)
def test_load_names_the_options_of_ghz(said: str, tls: bool, certificate: bool, hinted: str) -> None:
    assert hinted in str(load_hint(Exception(said), tls=tls, certificate=certificate))


@pytest.mark.parametrize(
    ("said", "certificate"),
    [("error reading server preface: error reading from server: EOF", True), ("connection refused", False)],
)
def test_load_has_no_hint_for_the_rest(said: str, certificate: bool) -> None:
    assert load_hint(Exception(said), tls=True, certificate=certificate) is None


def test_errors_of_a_load_have_each_hint_once() -> None:
    reasons = (f"{UPSTREAM} reset reason: {each}" for each in ("protocol error", "x"))
    protocol, other = (f"rpc error: code = Unavailable desc = {each}" for each in reasons)
    codes = ["rpc error: code = Unimplemented desc = ", "rpc error: code = Internal desc = no healthy upstream"]
    assert [each[:20] for each in hints_of([protocol, other, f"{protocol} twice", *codes, "(other errors)"])] == [
        "the proxy speaks ano",
        "no service says so w",
    ]
