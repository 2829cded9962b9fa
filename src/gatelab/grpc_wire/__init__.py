"""gRPC over HTTP/2 on ngh2: client and server framing."""
