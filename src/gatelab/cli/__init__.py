"""Thin commands: each reads its options, calls one package and prints. Subcommands are imported when they are used."""

import signal

# Ctrl-C while Python imports ends the program as it ends any other, and not with a traceback.
_handler = signal.getsignal(signal.SIGINT)
if _handler is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from gatelab.cli.main import main  # noqa: E402

if _handler is signal.default_int_handler:
    signal.signal(signal.SIGINT, _handler)

__all__ = ["main"]
