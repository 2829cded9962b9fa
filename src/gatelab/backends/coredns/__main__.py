"""`python -m gatelab.backends.coredns -conf FILE`: runs until SIGTERM or SIGINT, then exits 0.

Exit 1 when it cannot serve, 2 for arguments or a Corefile that it cannot use.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from dns.exception import DNSException

from gatelab.backends.coredns.answering import Zones
from gatelab.backends.coredns.corefile import CorefileError, server_blocks
from gatelab.backends.coredns.server import start
from gatelab.grpc_wire.poll_loop import PollLoop

_DONE = frozenset({"whoami", "log", "errors", "health", "ready", "reload", "loop", "loadbalance", "cache", "bind"})
"""Plugins that answer nothing by themselves, and so can be left out without a word; and `whoami`."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="coredns", allow_abbrev=False)
    parser.add_argument("-conf", default="Corefile", help="the Corefile to load")
    parser.add_argument("-dns.port", dest="port", type=int, default=53, help="the port of zones that name none")
    options = parser.parse_args()
    host = os.environ.get("GATELAB_POD_IP") or os.environ.get("POD_IP") or "0.0.0.0"
    try:
        blocks = server_blocks(Path(options.conf).read_text(), options.port)
        ports = {port: Zones(blocks, port) for block in blocks for _, port in block.zones}
    except (OSError, UnicodeDecodeError, CorefileError, DNSException) as error:
        sys.stderr.write(f"coredns: {options.conf}: {getattr(error, 'strerror', None) or error}\n")
        return 2
    loop = PollLoop()
    loop.on_signals((signal.SIGTERM, signal.SIGINT), lambda: stop())  # from `run`, so once it is known
    try:
        stop = start(loop, host, ports)
    except OSError as error:
        sys.stderr.write(f"coredns: cannot serve: {error.filename}: {error.strerror}\n")
        return 1
    for plugin in sorted({each for block in blocks for each in block.plugins} - _DONE):
        sys.stderr.write(f"coredns: plugin {plugin} does nothing here: what no whoami answers is REFUSED\n")
    for port in ports:
        sys.stdout.write(f"Serving on {host}:{port}\n")
    sys.stdout.flush()
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
