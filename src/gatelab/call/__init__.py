"""Dynamic invocation of a gRPC method, with grpcurl's interface."""
