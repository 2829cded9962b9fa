"""`python -m gatelab.backends.hello`: runs until SIGTERM or SIGINT, then exits 0.

Exit 1 when it cannot serve, 2 for a variable that it cannot use.
"""

import os
import signal
import sys

from gatelab.backends.hello.service import HelloServer
from gatelab.backends.hello.settings import Settings, SettingsError


def main() -> int:
    try:
        settings = Settings.of(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"hello-grpc: {error}\n")
        return 2
    where = f"{settings.host}:{settings.port}"
    try:
        server = HelloServer(settings)
        port = server.listen()
    except OSError as error:  # ssl.SSLError is one
        sys.stderr.write(f"hello-grpc: cannot serve on {where}: {error.strerror or error}\n")
        return 1
    server.loop.on_signals((signal.SIGTERM, signal.SIGINT), server.stop)
    sys.stderr.write(f"hello-grpc: serving on {settings.host}:{port}{' with TLS' if settings.cert_dir else ''}\n")
    sys.stderr.flush()
    server.loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
