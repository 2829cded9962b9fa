"""Types that every client knows: Google's, in protobuf itself and in the details of a status."""

from collections.abc import Iterator

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto


def well_known(name: str) -> list[FileDescriptorProto]:
    """The file that defines google.protobuf.Empty, google.rpc.RetryInfo and their like; nothing for other names."""
    if not name.startswith(("google.protobuf.", "google.rpc.")):
        return []
    # Importing them registers them.
    from google.protobuf import (  # noqa: F401  # noqa: F401
        any_pb2,
        duration_pb2,
        empty_pb2,
        field_mask_pb2,
        struct_pb2,
        timestamp_pb2,
        wrappers_pb2,
    )
    from google.rpc import error_details_pb2, status_pb2  # noqa: F401

    try:
        file = descriptor_pool.Default().FindMessageTypeByName(name).file
    except KeyError:
        return []
    return list({each.name: _proto(each) for each in _with_dependencies(file)}.values())


def _with_dependencies(file: FileDescriptor) -> Iterator[FileDescriptor]:
    for dependency in file.dependencies:
        yield from _with_dependencies(dependency)
    yield file


def _proto(file: FileDescriptor) -> FileDescriptorProto:
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    return proto
