"""The controller runtime: watch, keyed queue, reconcile; back-off, debounce with a maximum delay, status writer.

In: a cluster (`cluster.port.Cluster`) and controllers, each saying which kinds it watches, which keys a change
concerns, and how a key is brought to its wanted state. Out: calls of `reconcile(key)`: never two at once for one key,
several keys in parallel, again after a change, an error or the time that the controller asked for.

The runtime must not know any kind's meaning, and no adapter of the port. Controllers are level-triggered: they look at
the state, never at the event, and must bear a mirror that lags behind their own writes (`Expectations`).
"""

from gatelab.reconcile.controller import Controller, Watches
from gatelab.reconcile.events import Recorder
from gatelab.reconcile.expectations import Expectations
from gatelab.reconcile.mirror import Followed, Mirror, Mirrors
from gatelab.reconcile.pace import Pace
from gatelab.reconcile.runtime import Runtime
from gatelab.reconcile.snapshots import coalesced
from gatelab.reconcile.status import write_status

__all__ = [
    "Controller",
    "Expectations",
    "Followed",
    "Mirror",
    "Mirrors",
    "Pace",
    "Recorder",
    "Runtime",
    "Watches",
    "coalesced",
    "write_status",
]
