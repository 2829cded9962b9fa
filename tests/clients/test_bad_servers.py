"""`gatelab call` and `load` at servers that do wrong: in time, with the cause, the exit code, and no call lost."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from click.testing import CliRunner, Result

from gatelab.cli.call.command import call
from gatelab.cli.load.command import load
from market_server import PROTOS
from strange_servers import (
    GRPC,
    HEADERS,
    SETTINGS,
    Behaviour,
    StrangeServer,
    Visit,
    data,
    frame,
    goaway,
    headers,
    message,
    reset,
)

pytestmark = pytest.mark.usefixtures("no_lab")

HOST = "127.28.7.1"
PROTO = str(PROTOS / "market.proto")
CALLS = 12
LONGEST_S = 20
"""Far above what any case takes, and below every default deadline that it must not wait for."""


LAST_STREAM = 5
GOODBYE = goaway(LAST_STREAM, 0, b"max_age")


def ok(stream: int) -> bytes:
    return headers(stream, ("grpc-status", "0"), end=True)


def reset_in_the_middle(visit: Visit, stream: int) -> None:
    visit.say(headers(stream, *GRPC), data(stream, message(b"x" * 100)[:50]))
    visit.hang_up()


def end_in_the_middle(visit: Visit, stream: int) -> None:
    visit.say(headers(stream, *GRPC)[:7])
    visit.connection.close()


def goodbye_after(visit: Visit, stream: int) -> None:
    """Of each connection it takes three calls, as one that is about to end of age."""
    if stream == LAST_STREAM:
        visit.say(GOODBYE)
    if stream <= LAST_STREAM:
        visit.say(headers(stream, *GRPC), data(stream, message(b"")), ok(stream))


def said(*frames: bytes) -> Behaviour:
    """Frames that do not depend on the stream, which is 1."""
    return lambda visit, _: visit.say(*frames)


def answered(*parts: bytes, status: str = "0", **fields: str) -> Behaviour:
    def behave(visit: Visit, stream: int) -> None:
        more = [(name.replace("_", "-"), value) for name, value in fields.items()]
        trailers = headers(stream, ("grpc-status", status), end=True)
        visit.say(headers(stream, *GRPC, *more), *(data(stream, each) for each in parts), trailers)

    return behave


def page(status: str) -> Behaviour:
    def behave(visit: Visit, stream: int) -> None:
        fields = ((":status", status), ("content-type", "text/html"))
        visit.say(headers(stream, *fields), data(stream, b"<html>Sorry</html>", end=True))

    return behave


@dataclass(frozen=True)
class Case:
    """What a server does with a call, and what is said of it; `seen`: every call counted is one that the server saw."""

    name: str
    behave: Behaviour
    exit_code: int
    words: str
    statuses: Mapping[str, int] = field(default_factory=dict)
    """Of the load; all of them `words`, if there are any."""
    load_words: str = ""
    seen: bool = True


def all_of(status: str) -> Mapping[str, int]:
    return {status: CALLS}


RESET = "error reading from server: connection reset by peer"
CASES = (
    Case("reset in the middle", reset_in_the_middle, 78, RESET, all_of("Unavailable"), seen=False),
    Case("end in the middle", end_in_the_middle, 78, "error reading from server: ", all_of("Unavailable"), seen=False),
    Case("never answers", lambda *_: None, 68, "context deadline exceeded", all_of("DeadlineExceeded")),
    Case(
        "stops reading", lambda visit, _: visit.stay(), 68, "deadline exceeded", all_of("DeadlineExceeded"), seen=False
    ),
    Case("garbage", said(b"\xff" * 64), 78, "too large frame size", all_of("Unavailable"), seen=False),
    Case(
        "half a frame",
        lambda v, s: v.say(headers(s, *GRPC)[:7]),
        68,
        "deadline exceeded",
        load_words="code = ",
        seen=False,
    ),
    Case(
        "broken headers",
        lambda v, s: v.say(frame(HEADERS, b"\xff" * 6, flags=5, stream=s)),
        78,
        "COMPRESSION_ERROR",
        all_of("Unavailable"),
        seen=False,
    ),
    Case(
        "goodbye to all",
        said(goaway(0, 11, b"too_many_pings")),
        78,
        "GOAWAY (ENHANCE_YOUR_CALM, too_many_pings)",
        seen=False,
    ),
    Case("goodbye after each", goodbye_after, 0, "", all_of("OK"), seen=False),
    Case(
        "refuses", lambda v, s: v.say(reset(s, 7)), 78, "error code: REFUSED_STREAM", all_of("Unavailable"), seen=False
    ),
    Case("resets", lambda v, s: v.say(reset(s, 2)), 77, "error code: INTERNAL_ERROR", all_of("Internal")),
    Case(
        "no trailers",
        lambda v, s: v.say(headers(s, *GRPC), data(s, message(b""), end=True)),
        66,
        "server closed the stream without sending trailers",
        all_of("Unknown"),
    ),
    Case(
        "a page",
        page("503"),
        78,
        "HTTP status code received from server: 503 (Service Unavailable)",
        all_of("Unavailable"),
    ),
    Case("a page that is OK", page("200"), 66, 'unexpected content-type "text/html"', all_of("Unknown")),
    Case("no number", answered(status="fine"), 66, "malformed grpc-status", all_of("Unknown")),
    Case(
        "a number of its own",
        answered(status="77"),
        64 + 77,
        "Code: Code(77)",
        {"Code(77)": CALLS},
        load_words="Code(77)",
    ),
    Case(
        "frame of another stream",
        lambda v, s: v.say(data(s + 20, b"x")),
        78,
        "stream in idle",
        all_of("Unavailable"),
        seen=False,
    ),
    *(
        Case(name, answered(*parts), 77, "cardinality violation: ", all_of("Internal"))
        for name, parts in (
            ("no message", ()),
            ("half a message", (message(b"x" * 100)[:50],)),
            ("two messages", (message(b""), message(b""))),
        )
    ),
)
# What is in a message is looked at by call only.
MESSAGES = (
    Case(
        "not the message",
        answered(message(b"\xff\xff\xff")),
        1,
        'response of "market.Market.Buy" is not a market.Receipt',
    ),
    Case(
        "too large",
        lambda v, s: v.say(headers(s, *GRPC), data(s, b"\0\x7f\xff\xff\xff")),
        72,
        "received message larger than max",
    ),
    Case(
        "compressed by another",
        answered(message(b"a", compressed=True), grpc_encoding="snappy"),
        76,
        "grpc-encoding 'snappy'",
    ),
)


def _name(case: Case) -> str:
    return case.name.replace(" ", "_")


def called(address: str, *options: str, patience_s: float = 15) -> Result:
    begin = time.monotonic()
    arguments = ["-plaintext", "-max-time", f"{patience_s}", "-proto", PROTO, *options, address, "market.Market/Buy"]
    done = CliRunner().invoke(call, arguments, catch_exceptions=False)
    assert time.monotonic() - begin < LONGEST_S
    return done


def loaded(address: str, *options: str, patience_s: float = 15) -> Result:
    begin = time.monotonic()
    arguments = [
        "--insecure",
        "--timeout",
        f"{patience_s}s",
        "-n",
        str(CALLS),
        "-c",
        "6",
        "--connections",
        "2",
        "-O",
        "json",
    ]
    schema = ("--proto", PROTO, "--call", "market.Market/Buy")
    done = CliRunner().invoke(load, [*arguments, *schema, *options, address], catch_exceptions=False)
    assert time.monotonic() - begin < LONGEST_S
    return done


@pytest.mark.parametrize("case", [*CASES, *MESSAGES], ids=_name)
def test_call_says_what_is_wrong(case: Case) -> None:
    with StrangeServer(case.behave).listening(HOST) as server:
        done = called(server.address, patience_s=1 if case.exit_code == 68 else 15)
    assert (done.exit_code, server.calls) == (case.exit_code, 1), done.stderr
    assert case.words in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_load_counts_every_call(case: Case) -> None:
    with StrangeServer(case.behave).listening(HOST) as server:
        done = loaded(server.address, patience_s=0.3 if case.statuses == all_of("DeadlineExceeded") else 15)
    report = json.loads(done.stdout)
    assert report["count"] == sum(report["statusCodeDistribution"].values()) == CALLS
    assert done.exit_code == (0 if report["statusCodeDistribution"] == {"OK": CALLS} else 1)
    if case.statuses:
        assert report["statusCodeDistribution"] == case.statuses
    for text in report["errorDistribution"]:
        assert (case.load_words or case.words) in text
    if case.seen:
        assert server.calls == CALLS


@pytest.mark.parametrize(
    ("first_words", "words"),
    [
        (lambda visit: visit.hang_up(), "connection reset by peer"),
        (lambda visit: visit.connection.close(), "error reading from server: "),
        (lambda visit: visit.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "the server speaks HTTP/1.1 on this port"),
        (lambda visit: visit.say(b"220 mail.test ESMTP\r\n"), "the server does not speak HTTP/2 on this port"),
        (lambda visit: visit.say(b"\x15\x03\x01\0\x02\x02\x46"), "it expects TLS on this port"),
        (lambda visit: visit.say(frame(SETTINGS), goaway(0, 0, b"full")), "the server sent GOAWAY (NO_ERROR, full)"),
        (lambda visit: visit.stay(), "context deadline exceeded (no HTTP/2 within 0.3 s)"),
        (lambda visit: visit.say(frame(SETTINGS)[:5]), "context deadline exceeded (no HTTP/2 within 0.3 s)"),
    ],
)
def test_what_is_no_server_is_told_at_once(first_words: Behaviour, words: str) -> None:
    patience_s = "0.3" if words.endswith("within 0.3 s)") else "15"
    with StrangeServer(lambda *_: None, at_first=first_words).listening(HOST) as server:  # type: ignore[arg-type]
        for done in (
            called(server.address, "-connect-timeout", patience_s),
            loaded(server.address, "--connect-timeout", f"{patience_s}s"),
        ):
            assert done.exit_code == 1
            assert done.stderr.startswith(f'Failed to dial target host "{server.address}": connect to ')
            assert words in done.stderr
            assert (done.stdout, server.calls) == ("", 0)
