from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema

ROOT = Path(__file__).parents[3]
GREETINGS = ROOT / "examples" / "hello-grpc" / "greetings.proto"


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own clusters and labs is seen."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("GATELAB_NAME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture(scope="session")
def greeter() -> Iterator[str]:
    """The address of a greetings.GreetMe server; the name `nobody` is NOT_FOUND."""
    schema = Schema(compile_protos([str(GREETINGS)]))
    method = schema.method("greetings.GreetMe/Send")

    def send(request: Any, context: Any) -> Any:
        if request.name == "nobody":
            context.abort(grpc.StatusCode.NOT_FOUND, "nobody is here")
        context.send_initial_metadata((("x-pod-name", "pod-1"), ("x-heard", str(dict(context.invocation_metadata())))))
        return method.response(greeting=f"Hello {request.name}!")

    handler = grpc.unary_unary_rpc_method_handler(
        send, request_deserializer=method.request.FromString, response_serializer=lambda each: each.SerializeToString()
    )
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("greetings.GreetMe", {"Send": handler}),))
    port = server.add_insecure_port("127.28.0.2:0")
    server.start()
    yield f"127.28.0.2:{port}"
    server.stop(None).wait(5)
