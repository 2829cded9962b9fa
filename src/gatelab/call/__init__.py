"""Dynamic invocation of a gRPC method, with grpcurl's interface.

In: a schema (.proto files, descriptor sets, or the server's reflection), the name of a method, JSON. Out: messages as
JSON, metadata, a status. It opens no connection of its own and prints nothing: channels are given to it, and what is
shown is the command line's affair. It imports grpc_wire and nothing else of ours.
"""
