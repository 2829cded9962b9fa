"""The exit codes of every command."""

OK = 0
FAILED = 1
"""The verdict is fail, a call was not OK or could not be made, or something in the lab is not ready.

(2, wrong usage, is click's.)
"""
COULD_NOT_RUN = 3
"""There was nothing to judge: no lab, no cluster, nothing answered."""
STATUS_OFFSET = 64
"""A call that ended with gRPC status n exits with 64 + n, as grpcurl's."""
SIGNAL_OFFSET = 128
"""A call or a run that signal n has ended exits with 128 + n, as a shell reports it: 130 after Ctrl-C."""
NOT_EXECUTED = 125
"""`gatelab exec` could not give the program the lab's names. Others are the program's, as env(1) has it."""
NOT_EXECUTABLE = 126
"""`gatelab exec` found the program, and the system did not run it."""
NOT_FOUND = 127
"""`gatelab exec` did not find the program."""
