"""The model as Envoy protobufs."""
