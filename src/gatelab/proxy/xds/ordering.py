"""Make before break: what must be in place before a resource may be sent, and out of use before one may be removed.

Clusters, and then their endpoints and certificates, are acknowledged before a route or listener names them; clusters go
after every route and listener that named them is gone (xDS protocol, "Eventual consistency considerations"). Hosts that
are resources of their own come before a listener that looks for them: Envoy waits for the first of all listeners' only.

An ACK says that Envoy's main thread has applied a response, not that the workers have. They need not be waited for:
the main thread posts each update to every worker before it acknowledges it (ThreadLocal's `runOnAllThreads`), and a
worker runs what was posted in the order of posting, between two events. So it has the routes without a cluster before
it loses the cluster, and a request finds its route and its cluster in one event. A removed cluster's connections end
when their requests have. For the same reason a connection that is made after the ACK meets what was acknowledged: what
was posted is run before the worker waits for sockets again. One that a worker has already begun to read may meet what
was before, whole. What an ACK does leave open is a listener that warms: until its routes, hosts and certificates have
come, the one before it serves, with the clusters that it named (`unused`).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from gatelab.proxy.resources import (
    CLUSTER,
    ENDPOINTS,
    HOST,
    LISTENER,
    ROUTE_TABLE,
    SECRET,
    EncodedResource,
    Reference,
    others_of,
    table_of,
)
from gatelab.proxy.xds.snapshot import Snapshot
from gatelab.proxy.xds.subscription import Subscription

Subscriptions = Mapping[str, Subscription]

NAMING = (LISTENER, ROUTE_TABLE, HOST)
"""The types whose resources name clusters, and wait for them."""


def may_send(resource: EncodedResource, snapshot: Snapshot, subscriptions: Subscriptions) -> bool:
    """Whether everything that the resource names is in place, as far as it has to be there first.

    A rejected or unknown backend holds nothing up: its requests fail, the others' need not wait. A listener need not
    wait for routes or certificates that Envoy asks for only when it has the listener: Envoy itself waits for these.
    """
    if resource.type_url not in NAMING:
        return True
    return all(_is_in_place(need, snapshot, subscriptions) for need in resource.needs)


def _is_in_place(need: Reference, snapshot: Snapshot, subscriptions: Subscriptions) -> bool:
    type_url, name = need
    resource = snapshot.get(need)
    if resource is None:
        return True
    if type_url == SECRET:
        return not subscriptions[SECRET].wants(resource)
    if type_url == HOST:
        return not subscriptions[HOST].opened or not subscriptions[HOST].wants(resource)
    if type_url != CLUSTER:
        return True
    clusters, endpoints = subscriptions[CLUSTER], subscriptions[ENDPOINTS]
    if clusters.rejection(resource) is not None:
        return True
    if not clusters.runs(resource) or name in endpoints.again:
        return False
    return (name in endpoints.held or name in endpoints.rejected) and _has_secrets(resource, subscriptions)


def _has_secrets(resource: EncodedResource, subscriptions: Subscriptions) -> bool:
    secrets = subscriptions[SECRET]
    return all(
        name in secrets.held or name in secrets.rejected for type_url, name in resource.needs if type_url == SECRET
    )


def removable(type_url: str, snapshot: Snapshot, subscriptions: Subscriptions) -> frozenset[str]:
    """The names of a wildcard type that Envoy has, that are no longer wanted, and that nothing in it uses."""
    subscription, desired = subscriptions[type_url], snapshot.of(type_url)
    gone = subscription.surplus()
    if not gone or not subscription.wildcard:
        return frozenset()
    if type_url == LISTENER:
        # Together with what takes their place: an address may move from one listener to another.
        wanted = (resource for resource in desired.values() if subscription.wants(resource))
        waiting = any(not may_send(resource, snapshot, subscriptions) for resource in wanted)
        return frozenset() if waiting else frozenset(gone)
    if type_url == HOST:
        # The others' listener is gone: nobody looks for them, but connections that are still being drained.
        return frozenset(name for name in gone if others_of(table_of(name)) in desired)
    return unused(gone, subscriptions)


def unused(clusters: AbstractSet[str], subscriptions: Subscriptions) -> frozenset[str]:
    """Those of the clusters that none of Envoy's listeners and routes names, old or on their way; none while that is
    not known.
    """
    naming = [subscriptions[type_url] for type_url in NAMING]
    if not subscriptions[LISTENER].opened or not all(each.is_known for each in naming):
        return frozenset()
    in_flight = {
        need for each in naming if each.in_flight for one in each.in_flight.resources.values() for need in one.needs
    }
    if any(_keeps_warming(need, subscriptions) for need in (*subscriptions[LISTENER].needed, *in_flight)):
        return frozenset()
    references = ((CLUSTER, name) for name in clusters)
    return frozenset(
        name
        for type_url, name in references
        if (type_url, name) not in in_flight and not any((type_url, name) in each.needed for each in naming)
    )


def _keeps_warming(need: Reference, subscriptions: Subscriptions) -> bool:
    """Whether a listener that names this is not in use yet. A certificate that was refused is waited for no longer."""
    type_url, name = need
    if type_url == SECRET:
        secrets = subscriptions[SECRET]
        return not (name in secrets.held or name in secrets.rejected or name in secrets.absent)
    return type_url in (ROUTE_TABLE, HOST) and name not in subscriptions[type_url].held
