"""Programs in C that stand for what is physically possible: built by `cc`, once, from tests/bench/native.

`sink`: a server that costs next to nothing. `probe`: a client that does nothing but measure. Neither needs a library.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).with_name("native")
MISSING = "it takes Linux, for the programs use epoll, and a C compiler, `cc`, with the headers of the C library"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gatelab-bench"
_WAIT_S = 10.0


def built(name: str) -> str:
    """The path of one of them; "" where it cannot be built."""
    sources = sorted(SOURCES.glob("*.[ch]"))
    digest = hashlib.sha256(b"".join(each.read_bytes() for each in sources)).hexdigest()[:16]
    binary = _CACHE / f"{name}-{digest}"
    if not binary.exists() and shutil.which("cc") and sys.platform == "linux":
        _CACHE.mkdir(parents=True, exist_ok=True)
        own = _CACHE / f"{binary.name}-{os.getpid()}"
        build = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(own), str(SOURCES / f"{name}.c")]
        if subprocess.run(build, timeout=120, check=False).returncode == 0:
            own.replace(binary)
    return str(binary) if binary.exists() else ""


@contextmanager
def sink(host: str) -> "Iterator[tuple[int, subprocess.Popen[str]]]":
    """The port on which it serves, and its process."""
    process = subprocess.Popen([built("sink"), host, "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        yield int(process.stderr.readline().rpartition(":")[2]), process
    finally:
        process.terminate()
        process.communicate(timeout=_WAIT_S)
