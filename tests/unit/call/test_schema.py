import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from gatelab.call.errors import SchemaError
from gatelab.call.schema import Schema, split_method


@pytest.mark.parametrize("symbol", ["shop.Till/Pay", "shop.Till.Pay", "/shop.Till/Pay"])
def test_a_method_is_named_in_either_way(shop: Schema, symbol: str) -> None:
    method = shop.method(symbol)
    assert (method.path, method.full_name) == ("/shop.Till/Pay", "shop.Till.Pay")
    assert method.request.DESCRIPTOR.full_name == "shop.Payment"


@pytest.mark.parametrize(
    ("name", "streaming"),
    [("Pay", (False, False)), ("Watch", (False, True)), ("Collect", (True, False)), ("Talk", (True, True))],
)
def test_the_four_kinds(shop: Schema, name: str, streaming: tuple[bool, bool]) -> None:
    method = shop.method(f"shop.Till/{name}")
    assert (method.client_streaming, method.server_streaming) == streaming


def test_what_is_not_there_is_named(shop: Schema) -> None:
    with pytest.raises(SchemaError, match=r'target server does not expose service "shop.Bank"'):
        shop.method("shop.Bank/Pay")
    with pytest.raises(SchemaError, match=r'"shop.Till" does not include a method named "Steal" \(it has: Pay, Watch'):
        shop.method("shop.Till/Steal")
    with pytest.raises(SchemaError, match="Symbol not found"):
        shop.message("shop.Nothing")


@pytest.mark.parametrize("symbol", ["Pay", "", "/", "shop.Till/"])
def test_what_is_no_method_name(symbol: str) -> None:
    with pytest.raises(SchemaError, match="not in expected format"):
        split_method(symbol)


def test_services_are_listed(shop: Schema) -> None:
    assert shop.services() == ["shop.Till"]
    assert shop.message("shop.Payment.Person").full_name == "shop.Payment.Person"


def test_a_missing_import_is_named() -> None:
    with pytest.raises(SchemaError, match=r'no descriptor found for "b.proto", imported by a.proto'):
        Schema([FileDescriptorProto(name="a.proto", dependency=["b.proto"])])


def test_imports_in_a_circle_end() -> None:
    files = [FileDescriptorProto(name="a", dependency=["b"]), FileDescriptorProto(name="b", dependency=["a"])]
    with pytest.raises(SchemaError, match="cycle"):
        Schema(files)
