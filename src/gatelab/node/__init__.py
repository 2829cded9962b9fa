"""The node agent: pods as processes, probes, drain, logs, usage, the service proxy; supervision."""
