"""One delta ADS stream without IO: requests and snapshots go in, responses come out."""

import itertools
import logging

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse, Resource
from google.protobuf.any_pb2 import Any as AnyMessage

from gatelab.proxy.resources import (
    CLUSTER,
    ENDPOINTS,
    HOST,
    LISTENER,
    RESOURCE_TYPES,
    ROUTE_TABLE,
    SECRET,
    EncodedResource,
)
from gatelab.proxy.xds.meter import XdsMeter
from gatelab.proxy.xds.ordering import may_send, removable
from gatelab.proxy.xds.snapshot import Named, Snapshot
from gatelab.proxy.xds.subscription import Delivery, Subscription

_log = logging.getLogger(__name__)

_SEND_ORDER = (CLUSTER, ENDPOINTS, SECRET, HOST, LISTENER, ROUTE_TABLE)
_WILDCARD = frozenset({CLUSTER, LISTENER, HOST})
_ADDRESS_TAKEN = "cannot bind"


class Session:
    """The protocol of one stream. Until it is given a snapshot it sends nothing, so an Envoy keeps what it has.

    `proxy` is the `node.cluster` of the Envoy and `node` its id; both are known after the first request.
    """

    def __init__(self, meter: XdsMeter | None = None) -> None:
        self._meter = meter or XdsMeter()
        self.proxy: str | None = None
        self.node = ""
        self.snapshot: Snapshot | None = None
        self.subscriptions = {type_url: Subscription(type_url in _WILDCARD) for type_url in _SEND_ORDER}
        self._sent_endpoints: dict[str, EncodedResource] = {}
        self._late_endpoints: dict[str, EncodedResource] = {}
        """Of clusters that are wanted no longer, and that Envoy has."""
        self._nonces = map(str, itertools.count(1))

    def receive(self, request: DeltaDiscoveryRequest) -> None:
        """A request of Envoy: a subscription, an ACK, a NACK, or several of these at once."""
        if self.proxy is None:
            self.proxy, self.node = request.node.cluster, request.node.id
        subscription = self.subscriptions.get(request.type_url)
        if subscription is None:
            _log.warning("Envoy %s asks for %s, which is not served", self.node, request.type_url)
            return
        opening = not subscription.opened
        if opening:
            subscription.open(request.initial_resource_versions)
        if request.response_nonce:
            self._answered(request, subscription)
        subscription.unsubscribe(request.resource_names_unsubscribe)
        subscription.subscribe(request.resource_names_subscribe, request.initial_resource_versions)
        if opening and request.type_url == ENDPOINTS:
            subscription.again.update(self._warming() & subscription.names)

    def update(self, snapshot: Snapshot) -> None:
        """From now on Envoy shall have this."""
        if self.snapshot is not None:
            self._keep_endpoints(self.snapshot.of(ENDPOINTS), snapshot.of(ENDPOINTS))
        self.snapshot = snapshot
        self._follow(snapshot)

    def retry_addresses(self) -> bool:
        """Mark the listeners whose address was taken to be tried again; whether there are any."""
        listeners = self.subscriptions[LISTENER]
        taken = {name for name, rejection in listeners.rejected.items() if _ADDRESS_TAKEN in rejection.message}
        listeners.again.update(taken)
        return bool(taken)

    def responses(self) -> list[DeltaDiscoveryResponse]:
        """What may be sent now, in order. Each type has at most one response under way."""
        if self.snapshot is None:
            return []
        self._follow(self.snapshot)
        found = (self._next(type_url, self.snapshot) for type_url in _SEND_ORDER)
        return [response for response in found if response is not None]

    def _warming(self) -> set[str]:
        """The clusters that may be waiting for endpoints when Envoy first tells, on this stream, which it has."""
        clusters = self.subscriptions[CLUSTER]
        if not clusters.opened:
            # Envoy asks for clusters first, unless some have been warming since the last stream broke off.
            return set(self.subscriptions[ENDPOINTS].names)
        return set(clusters.in_flight.resources) if clusters.in_flight is not None else set()

    def _follow(self, snapshot: Snapshot) -> None:
        for type_url, subscription in self.subscriptions.items():
            subscription.follow(snapshot.of(type_url))

    def _keep_endpoints(self, before: Named, now: Named) -> None:
        """Remember the endpoints of what Envoy may still ask for: a cluster that warms without them never ends."""
        changed = now.changes_since(before)
        if not changed:
            return
        late = {name: each for name, each in self._late_endpoints.items() if name not in now}
        # What Envoy was sent last comes before what was about to be sent.
        late.update(
            (name, self._sent_endpoints.get(name) or before[name])
            for name in changed
            if name in before and name not in now
        )
        self._late_endpoints = {name: each for name, each in late.items() if self._has_cluster(name)}
        for name in late.keys() - self._late_endpoints.keys():
            self._sent_endpoints.pop(name, None)

    def _has_cluster(self, name: str) -> bool:
        clusters = self.subscriptions[CLUSTER]
        is_sent = clusters.in_flight is not None and name in clusters.in_flight.resources
        return is_sent or name in clusters.held or name in self.subscriptions[ENDPOINTS].names

    def _answered(self, request: DeltaDiscoveryRequest, subscription: Subscription) -> None:
        delivery = subscription.in_flight
        if delivery is None or delivery.nonce != request.response_nonce:
            return
        if request.HasField("error_detail"):
            message = request.error_detail.message
            subscription.reject(delivery, message)
            self._meter.nacks[request.type_url] += 1
            words = (RESOURCE_TYPES[request.type_url], ", ".join(delivery.names), message)
            _log.warning("Envoy %s (%s) rejected %s %s: %s", self.node, self.proxy, *words)
            return
        subscription.acknowledge(delivery)
        self._meter.acks[request.type_url] += 1

    def _next(self, type_url: str, snapshot: Snapshot) -> DeltaDiscoveryResponse | None:
        subscription = self.subscriptions[type_url]
        if not subscription.opened or subscription.in_flight is not None:
            return None
        resources, removed = self._due(type_url, snapshot)
        # A new Envoy starts only when its first question was answered, be it with nothing.
        greeting = subscription.wildcard and not subscription.answered and not snapshot.of(type_url)
        if not resources and not removed and not greeting:
            return None
        delivery = Delivery(next(self._nonces), resources, removed)
        subscription.send(delivery)
        self._meter.pushes[type_url] += 1
        if type_url == ENDPOINTS:
            self._sent_endpoints.update(resources)
        if type_url == CLUSTER:
            # Envoy keeps a changed cluster warming, and its ACK back, until its endpoints come once more.
            endpoints = self.subscriptions[ENDPOINTS]
            endpoints.again.update(endpoints.names.intersection(resources))
        return _response(type_url, delivery)

    def _asked_for_late(self, desired: Named) -> dict[str, EncodedResource]:
        endpoints = self.subscriptions[ENDPOINTS]
        return {
            name: each
            for name, each in self._late_endpoints.items()
            if name not in desired and (name not in endpoints.held or name in endpoints.again)
        }

    def _due(self, type_url: str, snapshot: Snapshot) -> tuple[dict[str, EncodedResource], frozenset[str]]:
        subscription, desired = self.subscriptions[type_url], snapshot.of(type_url)
        found = {name: desired[name] for name in subscription.behind()}
        if type_url == ENDPOINTS:
            found |= self._asked_for_late(desired)
            removed = frozenset(subscription.unanswered() - self._late_endpoints.keys())
        else:
            removed = removable(type_url, snapshot, self.subscriptions)
        wanted = {name: each for name, each in found.items() if subscription.wants(each)}
        due = {name: each for name, each in wanted.items() if may_send(each, snapshot, self.subscriptions)}
        return _among_suspects(subscription, due, removed)


def _among_suspects(
    subscription: Subscription, due: dict[str, EncodedResource], removed: frozenset[str]
) -> tuple[dict[str, EncodedResource], frozenset[str]]:
    """The next part of a refused delivery that still has to be sent, or, when there is none, everything that is due."""
    while subscription.suspects:
        part = frozenset(subscription.suspects.popleft())
        suspects = {name: resource for name, resource in due.items() if name in part}
        if suspects or removed & part:
            return suspects, removed & part
    return due, removed


def _response(type_url: str, delivery: Delivery) -> DeltaDiscoveryResponse:
    resources = (
        Resource(
            name=resource.name,
            version=resource.version,
            resource=AnyMessage(type_url=resource.type_url, value=resource.body),
        )
        for _, resource in sorted(delivery.resources.items())
    )
    return DeltaDiscoveryResponse(
        type_url=type_url, resources=resources, removed_resources=sorted(delivery.removed), nonce=delivery.nonce
    )
