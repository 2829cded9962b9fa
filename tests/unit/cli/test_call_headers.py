import pytest

from gatelab.call.errors import CallError
from gatelab.cli.call.headers import expanded, metadata_of


@pytest.mark.parametrize(
    ("header", "pair"),
    [
        ("X-Tag: a b ", ("x-tag", "a b")),
        ("x-time:10:30", ("x-time", "10:30")),
        ("alone", ("alone", "")),
        ("x-bin: AP8=", ("x-bin", b"\x00\xff")),
        ("x-bin: AP8", ("x-bin", b"\x00\xff")),
        ("x-bin: _-8=", ("x-bin", b"\xff\xef")),
        ("x-bin: not base64!", ("x-bin", b"not base64!")),
    ],
)
def test_a_header_is_metadata(header: str, pair: tuple[str, str | bytes]) -> None:
    assert metadata_of(["", header]) == [pair]


def test_variables_are_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_TOKEN", r"a\1${B}")
    monkeypatch.delenv("NOT_SET", raising=False)
    assert expanded(["t: ${SHOP_TOKEN}-$SHOP_TOKEN"], "rpc") == (r"t: a\1${B}-$SHOP_TOKEN",)
    with pytest.raises(CallError, match=r'expand rpc headers: header "t: .*missing environment variable "NOT'):
        expanded(["t: ${NOT_SET}"], "rpc")
