"""Where programs of others are."""

import shutil
import sys
from pathlib import Path


def find_program(name: str) -> str | None:
    """Its path: by the PATH, or beside the Python that runs gatelab, where pip puts programs."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent))
