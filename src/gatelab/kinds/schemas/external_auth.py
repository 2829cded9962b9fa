"""The filter `externalAuth` of HTTPRoutes (GEP-1494), of the experimental channel."""

from gatelab.kinds.schemas.build import Schema, array, fields, integer, text

_PATH = r"^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$"


def external_auth(backend: Schema) -> Schema:
    """A question to another service before a request goes on; `backend` is the schema of a reference to it."""
    names = array(text(), "Names of headers, without regard to case.", most=64, unique=True)
    size = integer("Bytes of the body to send along; none when empty.")
    size.pop("format")
    return fields(
        {
            "protocol": text("What the service speaks.", enum=("HTTP", "GRPC")),
            "backendRef": backend,
            "grpc": fields({"allowedHeaders": names}, "Envoy's protocol, for GRPC."),
            "http": fields(
                {
                    "path": text("The prefix of the paths asked for.", most=1024, pattern=_PATH),
                    "allowedHeaders": names,
                    "allowedResponseHeaders": names,
                },
                "For HTTP.",
            ),
            "forwardBody": fields({"maxSize": size}, "How much of the body is sent along."),
        },
        "A question to another service before a request goes on.",
        required=("protocol", "backendRef"),
    )
