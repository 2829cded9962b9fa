"""Kubernetes' protobuf encoding of native kinds, read: typed clients, such as `kubectl create`, send it.

In: bytes. Out: the object as JSON data. Nothing is written in it: clients accept JSON answers.

`numbers.json` holds the wire format, the field numbers: `generate` reads it from a checkout of Kubernetes' types.
"""
