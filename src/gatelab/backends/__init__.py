"""Images that the lab can run without a registry: small servers, each a module to run with `python -m`.

In: environment variables, as a container gets them. Out: a server on the pod's address, and a clean end on SIGTERM.
They must start in tens of milliseconds and stay small, for a lab runs many; so they import neither asyncio nor the
protobuf library.
"""
