"""`python -m gatelab.backends.echo`: runs until SIGTERM or SIGINT, then exits 0.

Exit 1 when it cannot serve, 2 for a variable that it cannot use.
"""

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
    loop = PollLoop()
    try:
        stop = import_module(f"gatelab.backends.echo.{settings.mode}_server").start(loop, settings)
    except OSError as error:  # ssl.SSLError is one; the address is in the message of one, the file in the other's
        where = f" {error.filename}" if error.filename else ""
        sys.stderr.write(f"echo: cannot serve on {settings.host}:{where} {error.strerror or error}\n")
        return 1
    loop.on_signals((signal.SIGTERM, signal.SIGINT), stop)
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
