"""Whether an image's name is one: the grammar of references (`distribution/reference`, regexp.go)."""

import re

_SEPARATED = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_REFERENCE = re.compile(
    rf"(?:{_DOMAIN}/)?{_SEPARATED}(?:/{_SEPARATED})*"
    r"(?::[\w][\w.-]{0,127})?"
    r"(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


class InvalidImageName(Exception):
    """No image can have that name. Shown as InvalidImageName."""


def check_image_name(image: str) -> None:
    """Raises InvalidImageName, in the kubelet's words."""
    if _REFERENCE.fullmatch(image) is None:
        cause = f'couldn\'t parse image name "{image}": invalid reference format'
        if _REFERENCE.fullmatch(image.lower()):
            cause += ": repository name must be lowercase"
        raise InvalidImageName(f'Failed to apply default image tag "{image}": {cause}')
