"""Interfaces that servers offer beside their own, as sources and as the FileDescriptorSets that reflection hands out.

After changing a source:
`python -m grpc_tools.protoc -I src/gatelab/grpc_wire/protos -o …/NAME.binpb …/NAME.proto`; a test compares the two.
"""

from pathlib import Path


def descriptor_sets() -> tuple[bytes, ...]:
    """The FileDescriptorSets of health and reflection."""
    return tuple(file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.binpb")))
