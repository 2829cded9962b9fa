"""Containers' output: written by the agent as the kubelet's log files, read by the API server.

In: bytes of two pipes. Out: files `<namespace>_<pod>_<uid>/<container>/<restart count>.log` in the CRI format
(`2026-01-02T03:04:05.678901234Z stdout F text`), and streams of them. Writer and reader share nothing but the files: a
writer holds a lock (flock) on the file that it appends to, so a reader that follows knows when it has seen the end.
"""

from gatelab.node.logs.reader import FileLogs
from gatelab.node.logs.writer import LogWriter

__all__ = ["FileLogs", "LogWriter"]
