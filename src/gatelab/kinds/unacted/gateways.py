"""Kinds of the Gateway API. What a status tells (an unsupported filter, an address) is not said here again."""

from gatelab.kinds.unacted.fields import Field

_DEFAULTS = "routes attach to the Gateways that parentRefs name"

GATEWAY = (
    Field("spec.defaultScope", ("None",), _DEFAULTS),
    Field("spec.listeners[].tls.options", (), "there are no options"),
)
LISTENER_SET = (Field("spec.listeners[].tls.options", (), "there are no options"),)
ROUTE = (Field("spec.useDefaultGateways", ("None",), _DEFAULTS),)
BACKEND_TLS_POLICY = (Field("spec.options", (), "there are no options"),)
