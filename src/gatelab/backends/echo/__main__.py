"""`python -m gatelab.backends.echo`: runs until SIGTERM or SIGINT, then exits 0.

Exit 1 when it cannot serve, 2 for a variable that it cannot use.
"""

import io
import os
import signal
import sys
from importlib import import_module

from gatelab.backends.echo.settings import Settings, SettingsError
from gatelab.grpc_wire.poll_loop import PollLoop


def main() -> int:
    try:
        settings = Settings.of(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"echo: {error}\n")
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):  # what clients send is logged, whatever the locale can spell
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    loop = PollLoop()
    loop.on_signals((signal.SIGTERM, signal.SIGINT), lambda: stop())  # from `run`, so once it is known
    try:
        stop = import_module(f"gatelab.backends.echo.{settings.mode}_server").start(loop, settings)
    except OSError as error:  # ssl.SSLError is one, and names no file
        where = error.filename or f"TLS with {settings.certificate}"
        sys.stderr.write(f"echo: cannot serve: {where}: {error.strerror or error}\n")
        return 1
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
