"""The comments of a .proto file by place (descriptor.proto, SourceCodeInfo)."""

from google.protobuf.descriptor_pb2 import FileDescriptorProto


class Comments:
    """Of one file; servers mostly leave them out of what they tell by reflection."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._above: dict[tuple[int, ...], str] = {
            tuple(place.path): place.leading_comments
            for place in file.source_code_info.location
            if place.leading_comments
        }

    def above(self, path: tuple[int, ...]) -> list[str]:
        """The doc comment of the element at `path`, in lines that begin with two slashes."""
        lines = self._above.get(path, "").split("\n")
        lines = lines[1:] if lines and lines[0] == "" else lines
        lines = lines[:-1] if lines and lines[-1] == "" else lines
        return [f"//{line if not line or line.startswith(' ') else f' {line}'}".rstrip(" \t") for line in lines]
