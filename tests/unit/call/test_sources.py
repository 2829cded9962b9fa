"""What packed messages are made of is asked for, wherever it is known."""

import json
from collections.abc import Sequence

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.rpc import error_details_pb2

from gatelab.call.errors import SchemaError
from gatelab.call.json_text import to_json
from gatelab.call.schema import Schema
from gatelab.call.sources import Both, Files, learn, types_in
from gatelab.call.well_known import well_known


class Nobody:
    async def services(self) -> list[str]:
        return []

    async def extensions_of(self, name: str) -> list[Sequence[FileDescriptorProto]]:
        raise AssertionError(f"nothing here can be extended: {name}")

    async def schema_of(self, symbol: str) -> Schema:
        raise SchemaError(symbol)


def packed(message: object) -> any_pb2.Any:
    outer = any_pb2.Any()
    outer.Pack(message)  # type: ignore[arg-type]
    return outer


async def test_a_type_comes_from_the_source(shop: Schema) -> None:
    schema = Schema(())
    message = packed(shop.method("shop.Till/Pay").response(text="x"))
    await learn(Both(Nobody(), Files(shop)), schema, message)
    assert json.loads(to_json(message, schema.pool)) == {"@type": "type.googleapis.com/shop.Receipt", "text": "x"}


async def test_google_s_types_need_no_source() -> None:
    schema = Schema(())
    inner = packed(error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2)))
    await learn(Nobody(), schema, packed(inner))
    assert json.loads(to_json(inner, schema.pool))["retryDelay"] == "2s"


async def test_a_type_that_nobody_knows_is_shown_as_bytes() -> None:
    schema = Schema(())
    message = any_pb2.Any(type_url="x/nobody.Knows", value=b"\x08\x01")
    await learn(Nobody(), schema, message)
    shown = json.loads(to_json(message, schema.pool))
    assert (shown["@value"], "nobody.Knows is not recognized" in shown["@error"]) == ("CAE=", True)


async def test_bytes_that_are_not_of_their_type_are_shown() -> None:
    schema = Schema(well_known("google.protobuf.Duration"))
    message = any_pb2.Any(type_url="x/google.protobuf.Duration", value=b"\xff")
    await learn(Nobody(), schema, message)
    assert "cannot be read" in json.loads(to_json(message, schema.pool))["@error"]


def test_types_are_found_in_json() -> None:
    value = {"a": [{"@type": "x/a.A", "b": {"@type": "x/b.B"}}, 1], "@type": 5}
    assert types_in(value) == {"x/a.A", "x/b.B"}
