import itertools
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.call.errors import DataError
from gatelab.call.messages import Format, documents
from gatelab.call.request_stream import JsonPieces, streamed_requests
from gatelab.call.schema import Schema

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('{}[]"\\ aø\n'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('{"\\', max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4), st.lists(st.integers(0, 60), max_size=6))
def test_wherever_a_text_is_cut_its_values_are_the_same(values: list[object], cuts: list[int]) -> None:
    text = " ".join(json.dumps(value) for value in values)
    edges = [0, *sorted(cuts), len(text)]
    pieces = JsonPieces()
    found = [each for a, b in itertools.pairwise(edges) for each in pieces.feed(text[a:b])]
    assert [value for each in (*found, pieces.rest()) for value in documents(each)] == values


@pytest.mark.parametrize(
    ("chunks", "complete"),
    [
        (['{"a": "}', '"}{', '"b"', ": 1}"], ['{"a": "}"}', '{"b": 1}']),
        (['{"a": "\\', '"}"}'], ['{"a": "\\"}"}']),
        (["12", ' "a"[1]'], ["12", ' "a"', "[1]"]),
        (["}", "{}"], ["}", "{}"]),
        (["\n\n"], []),
    ],
)
def test_a_value_is_there_when_it_is_complete(chunks: Sequence[str], complete: Sequence[str]) -> None:
    pieces = JsonPieces()
    assert [each for chunk in chunks for each in pieces.feed(chunk)] == complete


async def _learned(_: object) -> None:
    return None


async def texts(schema: Schema, chunks: Sequence[str], data_format: Format) -> AsyncIterator[str]:
    async def coming() -> AsyncIterator[str]:
        for chunk in chunks:
            yield chunk

    method = schema.method("shop.Till/Talk")
    async for message in streamed_requests(method, coming(), data_format=data_format, learn=_learned):
        yield message.name  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data_format", "chunks"),
    [("json", ['{"name": "a"}{"na', 'me": "b"}']), ("text", ['name: "a"\x1ena', 'me: "b"'])],
)
async def test_messages_come_one_by_one(shop: Schema, data_format: Format, chunks: list[str]) -> None:
    assert [each async for each in texts(shop, chunks, data_format)] == ["a", "b"]


async def test_what_was_right_comes_before_what_is_wrong(shop: Schema) -> None:
    coming = texts(shop, ['{"name": "a"}', '{"nme": "b"}'], "json")
    assert await anext(coming) == "a"
    with pytest.raises(DataError, match="nme"):
        await anext(coming)
