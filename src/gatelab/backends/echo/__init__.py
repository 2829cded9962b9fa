"""The image `echo-basic` of the Gateway API's conformance tests: it answers with what it was asked and who it is.

In: the environment variables of that image (`settings.py`). Out: HTTP/1.1, HTTP/2 and WebSocket, or gRPC, or TCP, or
UDP on the pod's address, and a clean end on SIGTERM. Many of these run at once, so a pod imports the protocols that its
environment asks for, and no other.
"""
