"""What starting a backend must not cost."""

import subprocess
import sys


def test_a_backend_imports_neither_asyncio_nor_ssl_nor_protobuf() -> None:
    code = "import sys, gatelab.backends.hello.__main__; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    heavy = {"asyncio", "ssl", "google.protobuf", "logging", "uvloop", "grpc", "pathlib"}
    # A .pth file of some other package may have imported one of them already.
    bare = subprocess.run(
        [sys.executable, "-c", "import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert not (heavy & set(run.stdout.split())) - set(bare.stdout.split())


def test_names_are_loaded_when_asked_for() -> None:
    import gatelab.grpc_wire as package

    for name in package.__all__:
        assert getattr(package, name) is not None
    assert not hasattr(package, "Chanel")
