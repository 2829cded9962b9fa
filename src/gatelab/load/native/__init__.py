"""The generator of our own: HTTP/2 by `grpc_wire`, an event loop that is woken at the exact moment, one process.

In: a plan, or a worker's share of one. Out: the counts of its part of the run. What a call costs is paid here:
nothing is made twice, logged or waited for in its path.
"""
