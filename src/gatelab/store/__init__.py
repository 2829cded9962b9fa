"""Objects as canonical JSON bytes, encoded once for lists and all watchers; versions, optimistic locking, watch
history, finalizers, owners; a SQLite journal. Acknowledged is on disk.
"""
