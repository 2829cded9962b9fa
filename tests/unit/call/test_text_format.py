"""protobuf's text format, there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.call.errors import DataError
from gatelab.call.messages import requests
from gatelab.call.schema import Schema
from gatelab.call.text_format import parse_text, to_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    amount=st.integers(-(2**63), 2**63 - 1),
    tags=st.lists(TEXTS, max_size=3),
    items=st.dictionaries(TEXTS, st.integers(-5, 5), max_size=3),
    blob=st.binary(max_size=8),
    surname=st.none() | TEXTS,
)
def test_what_is_written_is_read_back(
    shop: Schema, amount: int, tags: list[str], items: dict[str, int], blob: bytes, surname: str | None
) -> None:
    message = shop.method("shop.Till/Pay").request(amount_cents=amount, tags=tags, items=items, blob=blob, currency=1)
    if surname is not None:
        message.person.surname = surname  # type: ignore[attr-defined]
    read = shop.method("shop.Till/Pay").request()
    parse_text(to_text(message), read, shop.pool)
    assert read == message


def test_records_are_parted_by_a_separator(shop: Schema) -> None:
    talk = shop.method("shop.Till/Talk")
    assert len(requests(talk, 'name: "a"\x1ename: "b"', data_format="text")) == 2
    assert len(requests(talk, "", data_format="text")) == 1


def test_a_wrong_field_is_named(shop: Schema) -> None:
    with pytest.raises(DataError, match="nme"):
        requests(shop.method("shop.Till/Pay"), 'nme: "a"', data_format="text")
