"""JSON as grpcurl writes it: numbers as Go does, an Any of a type that nobody knows, and the text is JSON."""

import json
import math
import struct

import pytest
from google.protobuf import descriptor_pool, field_mask_pb2, json_format, struct_pb2, timestamp_pb2
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from gatelab.call.json_layout import laid_out
from gatelab.call.json_text import shortest, to_json
from gatelab.call.messages import parse
from gatelab.call.schema import Schema


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (100000.0, "100000"),
        (1e6, "1e+06"),
        (123456789.0, "1.23456789e+08"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-1.5, "-1.5"),
        (1e100, "1e+100"),
    ],
)
def test_numbers_are_spelled_as_gos_format_float_does(value: float, text: str) -> None:
    assert shortest(value, 64) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_read_back(value: float) -> None:
    assert float(shortest(value, 64)) == value
    assert math.copysign(1, float(shortest(value, 64))) == math.copysign(1, value)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_is_read_back_and_has_few_digits(value: float) -> None:
    text = shortest(value, 32)
    assert struct.pack("f", float(text)) == struct.pack("f", value)
    assert len(text) <= len("-1.23456789e-38")


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(allow_nan=False)
JSON = st.recursive(LEAF, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner), max_leaves=6)


@given(JSON)
def test_what_is_laid_out_is_json(value: object) -> None:
    assert json.loads(laid_out(value)) == value


def test_it_is_protobufs_json(shop: Schema) -> None:
    given_ = {"amountCents": "5", "at": "2026-01-02T03:04:05Z", "count": 3, "items": {"b": 1, "a": 2}, "blob": "AP8="}
    message = parse(shop.method("shop.Till/Pay"), given_)
    assert json.loads(to_json(message, shop.pool)) == json.loads(json_format.MessageToJson(message))


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (timestamp_pb2.Timestamp(seconds=10**15), {"seconds": "1000000000000000"}),
        (struct_pb2.Value(number_value=math.nan), "NaN"),
        (
            struct_pb2.ListValue(values=[struct_pb2.Value(number_value=-math.inf), struct_pb2.Value()]),
            ["-Infinity", None],
        ),
        (field_mask_pb2.FieldMask(paths=["a.B"]), {"paths": ["a.B"]}),
    ],
)
def test_an_answer_that_has_no_json_is_shown_all_the_same(message: Message, shown: object) -> None:
    assert json.loads(to_json(message, descriptor_pool.Default())) == shown
