"""Support bundles opened, and searched for what must not be in them."""

import base64
import json
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path


def opened(file: Path) -> Mapping[str, str]:
    """Path below the bundle's folder -> text."""
    found = {}
    with tarfile.open(file) as archive:
        for entry in archive.getmembers():
            content = archive.extractfile(entry)
            assert content is not None
            found[entry.name.partition("/")[2]] = content.read().decode()
    return found


def forms(secret: str) -> Iterable[str]:
    """How a text may have a secret: as it is, in base64, as JSON escapes it, and each line of a PEM by itself."""
    text = secret.strip()
    yield text
    yield base64.b64encode(text.encode()).decode()
    yield base64.b64encode(f"{text}\n".encode()).decode()
    yield json.dumps(text)[1:-1]
    if "-----" in text:
        yield from (line for line in text.splitlines() if not line.startswith("-----") and len(line) > 20)


def found_in(files: Mapping[str, str], secrets: Iterable[str]) -> list[str]:
    """Where any form of a secret is."""
    wanted = [form for secret in secrets for form in forms(secret)]
    return [f"{path}: {form}" for path, text in files.items() for form in wanted if form in path + text]
