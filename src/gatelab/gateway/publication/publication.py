"""Publishing: each Gateway's model and endpoints to its proxy, without the routes that the proxy refuses."""

import dataclasses
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gatelab.gateway.data_plane.envoy_container import proxy_name
from gatelab.gateway.ports import XdsPort
from gatelab.gateway.publication.last_good import restored
from gatelab.gateway.publication.quarantine import Quarantine
from gatelab.gateway.publication.refusals import Refusals, of_backends
from gatelab.gateway.snapshot import RouteId, Snapshot
from gatelab.gateway.snapshot.sources import Sources
from gatelab.gateway.translate import Translation
from gatelab.gateway.translate.endpoints import EndpointsMemo
from gatelab.gateway.translate.outcome import GatewayOutcome
from gatelab.kinds.gatewayapi import Route
from gatelab.kinds.objects import Key
from gatelab.persistent import PersistentMap
from gatelab.proxy.model import Acceptance

logger = logging.getLogger(__name__)

Translate = Callable[[Snapshot], Translation]


@dataclass
class _Proxy:
    """What a proxy was given last, and the routes that made it.

    `fault` is why the model could not be published, "" if it could; `good` and `good_routes` are what it accepted last.
    """

    served: GatewayOutcome
    routes: Mapping[RouteId, Route] = field(default_factory=dict)
    fault: str = ""
    endpoints: EndpointsMemo = field(default_factory=EndpointsMemo)
    quarantine: Quarantine = field(default_factory=Quarantine)
    good: GatewayOutcome | None = None
    good_routes: Mapping[RouteId, Route] = field(default_factory=dict)


class Publication:
    """Keeps proxies in step with a translation. No call waits."""

    def __init__(self, xds: XdsPort, sources: Sources, translate: Translate) -> None:
        self._xds = xds
        self._sources = sources
        self._translate = translate
        self._snapshot = Snapshot()
        self._translation = Translation()
        self._proxies: dict[Key, _Proxy] = {}

    def publish(self, snapshot: Snapshot, translation: Translation) -> None:
        """Publishes what each Gateway comes to; one without a model keeps what it has, one that went is forgotten."""
        self._snapshot, self._translation = snapshot, translation
        for key, outcome in translation.gateways.items():
            if outcome.config is not None:
                proxy = self._proxies.setdefault(key, _Proxy(outcome))
                proxy.quarantine.forget_changed(outcome.config, self._generations)
                self._publish(key, proxy)
        for key in self._proxies.keys() - translation.gateways.keys():
            self._xds.remove(proxy_name(key))
            del self._proxies[key]

    def publish_endpoints(self) -> None:
        """Publishes the present endpoints of every proxy; what has not changed disturbs nobody."""
        for key, proxy in self._proxies.items():
            self._publish_endpoints(key, proxy)

    def acceptance(self, key: Key) -> Acceptance:
        """How far the Gateway's proxy has come."""
        acceptance = self._xds.acceptance(proxy_name(key))
        proxy = self._proxies.get(key)
        if proxy is None or not proxy.fault or proxy.served.config is None:
            return acceptance
        refused = {listener.name: proxy.fault for listener in proxy.served.config.listeners}
        return Acceptance(connected=acceptance.connected, rejected={"listener": refused})

    def settle_refusals(self) -> Mapping[Key, Refusals]:
        """Withholds the routes that proxies refuse, and returns what was refused, per Gateway."""
        for key, proxy in self._proxies.items():
            while self._has_changed(key, proxy):
                self._publish(key, proxy)
        return {key: self._refusals(key, proxy) for key, proxy in self._proxies.items()}

    def _refusals(self, key: Key, proxy: _Proxy) -> Refusals:
        rejected = self._xds.acceptance(proxy_name(key)).rejected.get("backend", {})
        backends = of_backends(proxy.served.config, rejected) if proxy.served.config is not None else {}
        return {**backends, **proxy.quarantine.refusals}

    def _has_changed(self, key: Key, proxy: _Proxy) -> bool:
        config = proxy.served.config
        acceptance = self._xds.acceptance(proxy_name(key))
        if config is None or proxy.fault or not acceptance.connected:
            return False
        if all(acceptance.has_accepted("route_table", table.name) for table in config.route_tables):
            proxy.good, proxy.good_routes = proxy.served, proxy.routes
        return proxy.quarantine.observe(config, acceptance, self._generations)

    def _publish(self, key: Key, proxy: _Proxy) -> None:
        outcome, routes = self._translation.gateways[key], self._snapshot.routes
        if proxy.quarantine.withheld:
            routes, unchanged = self._routes_for(proxy)
            outcome = self._translate(dataclasses.replace(self._snapshot, routes=routes)).gateways[key]
            outcome = restored(outcome, proxy.good, unchanged)
        if outcome.config is None:
            return
        proxy.served, proxy.routes = outcome, routes
        try:
            self._xds.publish(proxy_name(key), outcome.config)
            proxy.fault = ""
        except ValueError as error:
            about = {"object": f"Gateway {key}"}
            logger.warning("the configuration of Gateway %s cannot be expressed: %s", key, error, extra=about)
            proxy.fault = str(error)
        self._publish_endpoints(key, proxy)

    def _publish_endpoints(self, key: Key, proxy: _Proxy) -> None:
        self._xds.publish_endpoints(proxy_name(key), proxy.endpoints(proxy.served.backends, self._sources.slices()))

    def _routes_for(self, proxy: _Proxy) -> tuple[Mapping[RouteId, Route], set[str]]:
        """The routes, each withheld one in its last good form; with those whose last good form is this one, which
        something else has made new.
        """
        routes, unchanged = PersistentMap.of(self._snapshot.routes), set[str]()
        gone, former = set[RouteId](), dict[RouteId, Route]()
        for owner, generation in proxy.quarantine.withheld:
            key = RouteId(*owner.split("/"))
            route, good = routes.get(key), proxy.good_routes.get(key)
            if route is None or route.metadata.generation != generation:
                continue
            if good is None:
                gone.add(key)
            elif good.metadata.generation == generation:
                unchanged.add(owner)
            else:
                former[key] = good
        return routes.after(former, gone), unchanged

    def _generations(self) -> dict[str, int]:
        return {str(key): route.metadata.generation for key, route in self._snapshot.routes.items()}
