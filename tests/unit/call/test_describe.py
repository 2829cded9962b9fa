import pytest

from gatelab.call.describe import described, methods_of
from gatelab.call.schema import Schema

PAYMENT = """\
shop.Payment is a message:
// A payment.
message Payment {
  // In cents.
  int64 amount_cents = 1;
  .shop.Currency currency = 2;
  repeated string tags = 3;
  map<string, int32> items = 4;
  .google.protobuf.Timestamp at = 5;
  .google.protobuf.Int32Value count = 6;
  bytes blob = 7;
  oneof payer {
    string name = 8;
    .shop.Payment.Person person = 9;
  }
  message Person {
    optional string surname = 1;
  }
}"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shop.Payment", PAYMENT),
        (
            "shop.Till.Watch",
            "shop.Till.Watch is a method:\nrpc Watch ( .shop.Payment ) returns ( stream .shop.Receipt );",
        ),
        ("shop.Currency", "shop.Currency is an enum:\nenum Currency {\n  CURRENCY_UNSPECIFIED = 0;\n  EUR = 1;\n}"),
    ],
)
def test_a_symbol_is_written_as_in_a_proto_file(shop: Schema, name: str, text: str) -> None:
    assert described(shop, name) == text


def test_a_service_lists_its_methods(shop: Schema) -> None:
    assert "  rpc Talk ( stream .shop.Payment ) returns ( stream .shop.Receipt );" in described(shop, "shop.Till")
    assert methods_of(shop.service("shop.Till")) == [
        f"shop.Till.{name}" for name in ("Collect", "Pay", "Talk", "Watch")
    ]
