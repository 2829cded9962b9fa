import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.call.errors import DataError
from gatelab.call.json_text import to_json
from gatelab.call.messages import documents, requests
from gatelab.call.schema import Schema


def test_both_spellings_of_a_field_are_read(shop: Schema) -> None:
    method = shop.method("shop.Till/Pay")
    for text in ('{"amount_cents": 5, "currency": "EUR"}', '{"amountCents": "5", "currency": 1}'):
        (message,) = requests(method, text)
        assert message.SerializeToString() == b"\x08\x05\x10\x01"


def test_json_is_printed_as_grpcurl_does(shop: Schema) -> None:
    method = shop.method("shop.Till/Pay")
    text = '{"amountCents": "5", "at": "2026-01-02T03:04:05Z", "count": 3, "person": {"surname": "Ødegård"}}'
    (message,) = requests(method, text)
    assert json.loads(to_json(message, shop.pool)) == json.loads(text)
    assert to_json(message, shop.pool).splitlines()[1] == '  "amountCents": "5",'
    assert "Ødegård" in to_json(message, shop.pool)


def test_defaults_are_printed_when_asked(shop: Schema) -> None:
    message = shop.method("shop.Till/Pay").request()
    assert to_json(message, shop.pool) == "{}"
    assert json.loads(to_json(message, shop.pool, emit_defaults=True))["amountCents"] == "0"


def test_no_data_is_no_message(shop: Schema) -> None:
    assert requests(shop.method("shop.Till/Pay"), "  ") == []
    assert requests(shop.method("shop.Till/Collect"), "") == []


def test_several_messages(shop: Schema) -> None:
    two = '{"name": "a"}{"name": "b"}\n'
    assert len(requests(shop.method("shop.Till/Talk"), two)) == 2
    with pytest.raises(
        DataError, match=r'"shop.Till.Pay" is a unary RPC, but request data contained more than 1 message'
    ):
        requests(shop.method("shop.Till/Pay"), two)
    with pytest.raises(DataError, match="is a server-streaming RPC"):
        requests(shop.method("shop.Till/Watch"), two)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"nme": "x"}', "nme"),
        ('{"amountCents": "x"}', "amountCents"),
        ('{"name": 5', "not JSON"),
        ('["name"]', "request data"),
        ('"name"', "request data"),
        ("5", "request data"),
        ("null", "request data"),
    ],
)
def test_bad_data_is_named(shop: Schema, text: str, named: str) -> None:
    with pytest.raises(DataError, match=named):
        requests(shop.method("shop.Till/Pay"), text)


def test_unknown_fields_pass_when_asked(shop: Schema) -> None:
    (message,) = requests(shop.method("shop.Till/Pay"), '{"nme": "x"}', allow_unknown_fields=True)
    assert message.SerializeToString() == b""


@pytest.mark.parametrize("text", ["[" * 100_000, '{"person": ' * 100_000])
def test_depth_without_end_is_refused(shop: Schema, text: str) -> None:
    with pytest.raises(DataError, match="nested too deeply"):
        requests(shop.method("shop.Till/Pay"), text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(JSON.filter(lambda value: isinstance(value, dict | list | str)), max_size=4),
    st.sampled_from(["", " ", "\n"]),
)
def test_documents_are_cut_where_they_end(values: list[Any], between: str) -> None:
    assert list(documents(between.join(json.dumps(value) for value in values))) == values


@given(value=JSON)
def test_any_json_is_read_or_refused(shop: Schema, value: Any) -> None:
    with contextlib.suppress(DataError):
        requests(shop.method("shop.Till/Talk"), json.dumps(value))
