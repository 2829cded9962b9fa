"""The requests of a load run as data, for workers: descriptors, encoded messages, texts of templates."""

from collections.abc import Sequence

from google.protobuf.descriptor_pb2 import FileDescriptorProto

from gatelab.call.schema import Method, Schema
from gatelab.cli.load.options import Options
from gatelab.cli.load.requests import Payload, Source
from gatelab.cli.load.template import Template
from gatelab.load import Recipe


def recipe_of(options: Options, schema: Schema, method: Method, payload: Payload, metadata: Template | None) -> Recipe:
    """For a source that does as one made of these would."""
    return Recipe(
        "gatelab.cli.load.recipe:source_from",
        {
            "files": [file.SerializeToString() for file in schema.files_of([method.service])],
            "method": method.full_name,
            "elements": [each.text if isinstance(each, Template) else each for each in payload.elements],
            "metadata": None if metadata is None else metadata.text,
            "name": options.name,
            "count": options.stream_call_count,
            "dynamic": options.stream_dynamic_messages,
        },
    )


def source_from(
    *,
    files: Sequence[bytes],
    method: str,
    elements: Sequence[str | bytes],
    metadata: str | None,
    name: str | None,
    count: int,
    dynamic: bool,
) -> Source:
    """What `recipe_of` names; all of it has been found to be in order there."""
    found = Schema([FileDescriptorProto.FromString(each) for each in files]).method(method)
    payload = Payload(found, [each if isinstance(each, bytes) else Template.parse(each) for each in elements])
    template = None if metadata is None else Template.parse(metadata)
    return Source(found, payload, template, name=name, count=count, dynamic=dynamic)
