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
come, the one before it serves, with the clusters that it named (`clusters_in_use`).
"""

from collections.abc import Mapping

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


def may_send(resource: EncodedResource, awaited: frozenset[Reference]) -> bool:
    """Whether everything that the resource names is in place, as far as it has to be there first.

    A rejected or unknown backend holds nothing up: its requests fail, the others' need not wait. A listener need not
    wait for routes or certificates that Envoy asks for only when it has the listener: Envoy itself waits for these.
    """
    return resource.type_url not in NAMING or resource.needs.isdisjoint(awaited)


def awaited(snapshot: Snapshot, subscriptions: Subscriptions) -> frozenset[Reference]:
    """What is not in place yet, and holds up whoever names it."""
    endpoints, clusters = subscriptions[ENDPOINTS], snapshot.versions_of(CLUSTER)
    without_endpoints = clusters.keys() - endpoints.held.keys() - endpoints.rejected.keys()
    suspects = subscriptions[CLUSTER].behind(clusters) | (clusters.keys() & endpoints.again) | without_endpoints
    suspects |= _without_secrets(snapshot, subscriptions)
    needs = [*((CLUSTER, name) for name in suspects), *((SECRET, name) for name in snapshot.of(SECRET))]
    needs += [need for each in snapshot.of(LISTENER).values() for need in each.needs if need[0] == HOST]
    return frozenset(need for need in needs if not _is_in_place(need, snapshot, subscriptions))


def _without_secrets(snapshot: Snapshot, subscriptions: Subscriptions) -> set[str]:
    """The clusters that wait for a certificate or for authorities: until then Envoy has no use for them."""
    secrets, parents = subscriptions[SECRET], snapshot.parents.get(SECRET, {})
    missing = parents.keys() - secrets.held.keys() - secrets.rejected.keys()
    return {each.name for name in missing for each in parents[name] if each.type_url == CLUSTER}


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
    gone = frozenset(subscription.held.keys() - desired.keys())
    if not gone or not subscription.wildcard:
        return frozenset()
    if type_url == LISTENER:
        # Together with what takes their place: an address may move from one listener to another.
        late = awaited(snapshot, subscriptions)
        waiting = any(subscription.wants(resource) and not may_send(resource, late) for resource in desired.values())
        return frozenset() if waiting else gone
    if type_url == HOST:
        # The others' listener is gone: nobody looks for them, but connections that are still being drained.
        return frozenset(name for name in gone if others_of(table_of(name)) in desired)
    used = clusters_in_use(subscriptions)
    return frozenset() if used is None else gone - used


def clusters_in_use(subscriptions: Subscriptions) -> frozenset[str] | None:
    """The clusters that Envoy's listeners and routes name, old or on their way; None while that is not known."""
    if not subscriptions[LISTENER].opened:
        return None
    used: set[str] = set()
    for subscription in (subscriptions[type_url] for type_url in NAMING):
        in_flight = subscription.in_flight
        needs = [held.needs for held in subscription.held.values()]
        needs += [resource.needs for resource in in_flight.resources.values()] if in_flight is not None else []
        for need in needs:
            if need is None:
                return None
            if any(_keeps_warming(each, subscriptions) for each in need):
                return None
            used.update(name for type_url, name in need if type_url == CLUSTER)
    return frozenset(used)


def _keeps_warming(need: Reference, subscriptions: Subscriptions) -> bool:
    """Whether a listener that names this is not in use yet. A certificate that was refused is waited for no longer."""
    type_url, name = need
    if type_url == SECRET:
        secrets = subscriptions[SECRET]
        return not (name in secrets.held or name in secrets.rejected or name in secrets.absent)
    return type_url in (ROUTE_TABLE, HOST) and name not in subscriptions[type_url].held
