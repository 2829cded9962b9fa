"""The controller runtime: watch, keyed queue, reconcile; back-off, debounce with a maximum delay, status writer."""
