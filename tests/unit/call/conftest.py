from pathlib import Path

import pytest

from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema

PROTO = """
syntax = "proto3";
package shop;

import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

// Sells things.
service Till {
  rpc Pay(Payment) returns (Receipt);
  rpc Watch(Payment) returns (stream Receipt);
  rpc Collect(stream Payment) returns (Receipt);
  rpc Talk(stream Payment) returns (stream Receipt);
}

enum Currency {
  CURRENCY_UNSPECIFIED = 0;
  EUR = 1;
}

// A payment.
message Payment {
  // In cents.
  int64 amount_cents = 1;
  Currency currency = 2;
  repeated string tags = 3;
  map<string, int32> items = 4;
  google.protobuf.Timestamp at = 5;
  google.protobuf.Int32Value count = 6;
  bytes blob = 7;
  oneof payer {
    string name = 8;
    Person person = 9;
  }
  message Person {
    optional string surname = 1;
  }
}

message Receipt {
  string text = 1;
  uint32 number = 2;
}
"""


@pytest.fixture(scope="session")
def shop_proto(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("protos") / "shop.proto"
    file.write_text(PROTO)
    return file


@pytest.fixture(scope="session")
def shop(shop_proto: Path) -> Schema:
    return Schema(compile_protos([str(shop_proto)]))
