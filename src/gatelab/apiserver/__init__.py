"""The HTTP face of the store: discovery, OpenAPI, verbs, patches, watch, Tables, logs, pods/proxy; authentication.

In: HTTP requests of kubectl, client-go and our own remote cluster adapter. Out: what Kubernetes would answer, from the
store and the schemas of `kinds`; errors as Status objects in its words, never a 5xx for bad input. It reconciles
nothing, allocates nothing and knows no controller.
"""

from gatelab.apiserver.app import create_app
from gatelab.apiserver.context import LogSource
from gatelab.apiserver.custom.builtin_definitions import publish as publish_definitions
from gatelab.apiserver.serve import serve

__all__ = ["LogSource", "create_app", "publish_definitions", "serve"]
