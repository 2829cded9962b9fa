"""ListenerSet, the experimental channel's v1 (GEP-1713; gateway-api.sigs.k8s.io/reference/spec)."""

from gatelab.kinds.schemas.build import Schema, array, conditions, fields, pending, whole
from gatelab.kinds.schemas.gateway import GROUP_NAME, group, kind, listener, listener_status, name, namespace


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    about = "Listeners that somebody else adds to a Gateway."
    return {f"{GROUP_NAME}.ListenerSet": whole(_spec(), _status(), about, required=("spec",))}


def _spec() -> Schema:
    parent = {"group": group(GROUP_NAME), "kind": kind("Gateway"), "name": name(), "namespace": namespace()}
    return fields(
        {
            "parentRef": fields(parent, "The Gateway to add to.", required=("name",)),
            "listeners": array(listener(), "The listeners.", least=1, most=64, keys=("name",)),
        },
        "What is wanted.",
        required=("listeners", "parentRef"),
    )


def _status() -> Schema:
    waiting = pending("Accepted", "Programmed")
    return fields(
        {
            "conditions": conditions(default=waiting),
            "listeners": array(listener_status(), "The state of each listener.", most=64, keys=("name",)),
        },
        "What is the case.",
        default={"conditions": waiting},
    )
