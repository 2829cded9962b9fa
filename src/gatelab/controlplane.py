"""The composition root of the control plane: API server, store, controllers, xDS and DNS in one process."""
