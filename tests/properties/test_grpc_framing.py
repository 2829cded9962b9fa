"""Messages and metadata survive the wire, however it cuts them."""

from hypothesis import given
from hypothesis import strategies as st

from gatelab.grpc_wire.framing import MessageReader, framed
from gatelab.grpc_wire.metadata import (
    decoded_metadata,
    decoded_timeout,
    encoded_metadata,
    encoded_timeout,
    percent_decoded,
    percent_encoded,
)
from gatelab.grpc_wire.protowire import chunk, fields, number

text_values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E))
keys = st.from_regex(r"x-[0-9a-z_.-]{1,10}", fullmatch=True).filter(lambda key: not key.endswith("-bin"))


@given(st.lists(st.binary(max_size=50)), st.lists(st.integers(1, 20)))
def test_messages_however_they_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    wire, reader, read = b"".join(map(framed, messages)), MessageReader(), list[bytes]()
    for cut in cuts:
        read += reader.feed(wire[:cut])
        wire = wire[cut:]
    read += reader.feed(wire)
    assert read == messages
    reader.finish()


@given(st.lists(st.tuples(keys, text_values) | st.tuples(keys.map(lambda key: key + "-bin"), st.binary())))
def test_metadata_goes_and_comes(metadata: list[tuple[str, str | bytes]]) -> None:
    assert list(decoded_metadata(encoded_metadata(metadata))) == metadata


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_messages_of_errors_go_and_come(words: str) -> None:
    wire = percent_encoded(words)
    assert all(0x20 <= byte <= 0x7E for byte in wire)
    assert percent_decoded(wire) == words


@given(st.binary())
def test_any_error_message_can_be_read(wire: bytes) -> None:
    percent_decoded(wire)


@given(st.floats(1e-9, 3e8))
def test_timeouts_are_rounded_up_and_never_much(timeout_s: float) -> None:
    wire = encoded_timeout(timeout_s)
    back = decoded_timeout(wire)
    assert back is not None
    assert len(wire) <= 9
    assert timeout_s * (1 - 1e-9) <= back <= timeout_s * 1.0001 + 1e-9


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 2**64 - 1) | st.binary(max_size=300))))
def test_protobuf_fields_go_and_come(pairs: list[tuple[int, int | bytes]]) -> None:
    wire = b"".join(number(tag, value) if isinstance(value, int) else chunk(tag, value) for tag, value in pairs)
    assert fields(wire) == pairs


@given(st.binary(max_size=40))
def test_rubbish_is_a_value_error_at_most(wire: bytes) -> None:
    try:
        fields(wire)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either outcome is right; an error must have words
