"""What other people's clients can do with the API: tried, kept as JSON, and shown on a page.

A client's test tries each operation and gives what came of it. The results are goldens in tests/clients/results, and
docs/compatibility.md is made of them and of the transcripts of kubectl, so that nothing on the page is by hand.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

RESULTS = Path(__file__).parent / "clients" / "results"
WORKS = "works"
OPERATION_TIMEOUT_S = 20

OPERATIONS = (
    "create",
    "get",
    "list",
    "list in pieces",
    "list by labels and fields",
    "watch",
    "watch, resumed",
    "watch of a version that is gone",
    "replace",
    "replace, conflict",
    "patch, merge",
    "patch, JSON",
    "patch, strategic",
    "server-side apply",
    "server-side apply, conflict",
    "status",
    "scale",
    "delete with options",
    "delete a collection",
    "log",
    "log, followed",
    "Gateway API kinds",
    "CustomResourceDefinitions",
    "custom resources",
    "dynamic client",
    "discovery",
    "events",
    "dry run",
    "wait",
    "who am I",
    "protobuf bodies",
    "informers, list and watch",
    "informers, streaming list",
    "informers, control plane started again",
    "leader election",
    "retry on conflict",
    "exec",
    "events.k8s.io",
    "kinds that are not served",
)
"""What is tried, in the order of the page. What a client has no way to say is not among its results."""

Operation = Callable[[], Awaitable[None]]


class Results(msgspec.Struct, frozen=True):
    """By operation: WORKS, or the refusal that the client showed."""

    client: str
    version: str
    operations: dict[str, str]


class Refused(Exception):
    """The API's answer was an error that says what is wrong, and the client showed it."""


async def tried(
    client: str, version: str, operations: Mapping[str, Operation], refusal: Callable[[Exception], str]
) -> Results:
    """Tries all. `refusal` is what an error of the client's own says, "" for other errors, which are raised."""
    assert set(operations) <= set(OPERATIONS), "the page has no such row"
    found = {}
    for name in (each for each in OPERATIONS if each in operations):
        try:
            async with asyncio.timeout(OPERATION_TIMEOUT_S):
                await operations[name]()
        except Exception as error:
            said = refusal(error)
            if not said:
                raise AssertionError(f"{client}: {name}") from error
            found[name] = said
        else:
            found[name] = WORKS
    return Results(client, version, found)


def keep_or_compare(results: Results, *, rewrite: bool) -> None:
    """Writes the golden, or compares with it."""
    path = RESULTS / f"{results.client}.json"
    if rewrite:
        RESULTS.mkdir(exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    assert msgspec.json.decode(path.read_bytes(), type=Results) == results, "`make golden` accepts the difference"


def kept() -> list[Results]:
    """All clients' results."""
    return [msgspec.json.decode(path.read_bytes(), type=Results) for path in sorted(RESULTS.glob("*.json"))]
