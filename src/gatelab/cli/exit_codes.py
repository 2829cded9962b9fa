"""The exit codes of every command."""

OK = 0
FAILED = 1
"""The verdict is fail, or a call was not OK or could not be made. (2, wrong usage, is click's.)"""
COULD_NOT_RUN = 3
"""There was nothing to judge: no lab, no cluster, nothing answered."""
STATUS_OFFSET = 64
"""A call that ended with gRPC status n exits with 64 + n, as grpcurl's."""
