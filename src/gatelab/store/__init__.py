"""Objects as canonical JSON bytes, encoded once for lists and all watchers; versions, optimistic locking, watch
history, finalizers, owners; a SQLite journal. Acknowledged is on disk.

In: objects that somebody else has validated and given their defaults. Out: objects, lists, watches, and the errors of
Kubernetes in its words. It knows no HTTP, no controller, and of kinds only what every API server does by itself:
deletion of Pods with grace, of namespaces with their content, of dependents with their owner.
"""

from gatelab.store.history import Change, ChangeType, Watch
from gatelab.store.journal import JournalError
from gatelab.store.store import Store
from gatelab.store.stored import Stored

__all__ = ["Change", "ChangeType", "JournalError", "Store", "Stored", "Watch"]
