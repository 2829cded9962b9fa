"""What `gatelab call` prints, block by block as grpcurl does."""

import base64
import json
from collections.abc import Sequence

import click
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from gatelab.call.invoke import Outcome
from gatelab.call.messages import to_json
from gatelab.call.schema import Method
from gatelab.grpc_wire.metadata import Metadata
from gatelab.grpc_wire.status import display_name


class Printer:
    """The listener of a call: messages on stdout, and with `verbose` everything around them."""

    def __init__(self, method: Method, *, verbose: bool, emit_defaults: bool) -> None:
        self._method = method
        self._verbose = verbose
        self._emit_defaults = emit_defaults

    def resolved(self, metadata: Metadata) -> None:
        if self._verbose:
            click.echo(f"\nResolved method descriptor:\n{signature(self._method)}")
            click.echo(f"\nRequest metadata to send:\n{metadata_text(metadata)}")

    def headers(self, metadata: Metadata) -> None:
        if self._verbose:
            click.echo(f"\nResponse headers received:\n{metadata_text(metadata)}")

    def message(self, message: Message, size: int) -> None:
        if self._verbose:
            click.echo(f"\nEstimated response size: {size} bytes\n\nResponse contents:")
        click.echo(to_json(message, self._method.pool, emit_defaults=self._emit_defaults))

    def ended(self, outcome: Outcome) -> None:
        if self._verbose:
            click.echo(f"\nResponse trailers received:\n{metadata_text(outcome.trailers)}")
            sent = f"{outcome.sent} request{'' if outcome.sent == 1 else 's'}"
            received = f"{outcome.received} response{'' if outcome.received == 1 else 's'}"
            click.echo(f"Sent {sent} and received {received}")
        if outcome.status.code:
            click.echo(status_text(outcome, self._method.pool), err=True)


def signature(method: Method) -> str:
    """`rpc Send ( .greetings.GreetRequest ) returns ( stream .greetings.GreetResponse );`"""
    request = f"{'stream ' if method.client_streaming else ''}.{method.request.DESCRIPTOR.full_name}"
    response = f"{'stream ' if method.server_streaming else ''}.{method.response.DESCRIPTOR.full_name}"
    return f"rpc {method.name} ( {request} ) returns ( {response} );"


def metadata_text(metadata: Metadata) -> str:
    """A line a value, sorted by key; binary values in base64."""
    lines = [
        f"{key}: {base64.b64encode(value).decode() if isinstance(value, bytes) else value}"
        for key, value in sorted(metadata, key=lambda pair: pair[0])
    ]
    return "\n".join(lines) or "(empty)"


def status_text(outcome: Outcome, pool: DescriptorPool) -> str:
    """The block that grpcurl writes to stderr for a status other than OK."""
    lines = ["ERROR:", f"  Code: {display_name(outcome.status.code)}", f"  Message: {outcome.status.details}"]
    details = _details(outcome.trailers, pool)
    if details:
        lines += ["  Details:", *(f"  {number})\t{text}" for number, text in enumerate(details, 1))]
    return "\n".join(lines)


def _details(trailers: Metadata, pool: DescriptorPool) -> Sequence[str]:
    """The messages of `grpc-status-details-bin` (google.rpc.Status) as one line of JSON each."""
    encoded = next((value for key, value in trailers if key == "grpc-status-details-bin"), None)
    if not isinstance(encoded, bytes):
        return ()
    from google.protobuf import json_format
    from google.protobuf.message import DecodeError
    from google.rpc.status_pb2 import Status

    try:
        details = Status.FromString(encoded).details
    except DecodeError:
        return ("grpc-status-details-bin is not a google.rpc.Status",)
    lines = []
    for detail in details:
        try:
            lines.append(json.dumps(json_format.MessageToDict(detail, descriptor_pool=pool), ensure_ascii=False))
        except (TypeError, KeyError, DecodeError):
            raw = {"@type": detail.type_url, "@value": base64.b64encode(detail.value).decode()}
            lines.append(json.dumps({**raw, "@error": f"{detail.type_url} is not recognized; see @value"}))
    return lines
