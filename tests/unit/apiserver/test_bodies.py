"""Bodies that clients should not send."""

import pytest

from gatelab.apiserver import bodies
from gatelab.kinds.errors import BadRequest


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"NaN", b"\xff", b'{"a": 1} x', b"[" * 100_000, b"[" * 200 + b"]" * 200, b'"' + b"\xc3\x28" + b'"'],
)
def test_bad_json_is_a_bad_request(data: bytes) -> None:
    with pytest.raises(BadRequest):
        bodies.decoded(data)


@pytest.mark.parametrize(
    "data",
    [
        b"a: b: c",
        b"a: &x [1]\nb: *x",
        b"a: 1\n---\nb: 2",
        b"!!python/object/apply:os.system ['true']",
        b"? [a]\n: b",
        b"[" * 200 + b"]" * 200,
        # Read to their ends, these would take hours.
        b"[" * 1_000_000,
        b"{a: " * 700_000,
        b"- " * 1_000_000,
        b"- a\n" * 700_000,
        b"\xff\xfe\xfd",
        b'a: "\\ud800"',
    ],
)
def test_bad_yaml_is_a_bad_request(data: bytes) -> None:
    with pytest.raises(BadRequest):
        bodies.decoded(data, is_yaml=True)


def test_yaml_is_read_as_json_would_be() -> None:
    assert bodies.decoded(b"a: 2026-01-02\nb: [1, x]\nc: {d: null}", is_yaml=True) == {
        "a": "2026-01-02",
        "b": [1, "x"],
        "c": {"d": None},
    }
