"""Who goes first among objects that want the same thing: routes, ListenerSets, policies.

"The oldest ... based on creation timestamp"; then "the first in alphabetical order by {namespace}/{name}", as one text
(GRPCRouteSpec, `rules[].matches`; ListenerSetSpec, `listeners`; GEP-713, conflict resolution).
"""

from gatelab.kinds.views import ObjectView


def age(each: ObjectView) -> tuple[str, str]:
    """Sorts ascending: whoever comes first goes first."""
    metadata = each.metadata
    return (metadata.creation_timestamp, f"{metadata.namespace}/{metadata.name}")
