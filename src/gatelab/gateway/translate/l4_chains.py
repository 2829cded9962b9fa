"""What accepted connections and datagrams meet on listeners of layer 4 (TLSRoute, TCPRoute, UDPRoute; `Listener`).

The routes of a TLS listener are told apart by server name: the most specific hostname first, then the oldest route. A
TCP or UDP listener can tell nothing apart, so the oldest of its routes has it ("conflicts" of the API's guidelines).
What no route takes is closed: it never falls through to a listener with a less specific hostname.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from gatelab.gateway.snapshot import route_id
from gatelab.gateway.translate.age import age
from gatelab.gateway.translate.hostnames import EVERY, covers, hostnames_of, intersection, specificity
from gatelab.gateway.translate.rule_sets import RuleSet
from gatelab.proxy import model


def tcp_chain(name: str, routes: Sequence[RuleSet]) -> model.TcpChain:
    """The chain of a TCP listener."""
    return model.TcpChain(name, _backends(_oldest(routes)))


def udp_chain(name: str, routes: Sequence[RuleSet]) -> model.UdpChain:
    """The chain of a UDP listener."""
    return model.UdpChain(name, _backends(_oldest(routes)))


@dataclass(frozen=True, slots=True)
class TlsScope:
    """A TLS listener: its id, its hostname, and how TLS ends there; None if it is passed on."""

    id: str
    hostname: str
    tls: model.TlsTermination | None


def tls_chains(scope: TlsScope, routes: Sequence[RuleSet], hostnames: Collection[str]) -> tuple[model.TcpChain, ...]:
    """The chains of a TLS listener, one a route; `hostnames` are those of all listeners of the port."""
    won: dict[str, list[str]] = {}
    rules_of: dict[str, RuleSet] = {}
    for domain, rules in _winners(scope.hostname, routes, hostnames).items():
        # What is for every name has a chain of its own: server names beside it would narrow it.
        name = f"{scope.id}/{route_id(rules.route)}" + ("/every" if domain == EVERY else "")
        rules_of[name] = rules
        won.setdefault(name, []).append(domain)
    chains = [
        model.TcpChain(name, _reached(scope, rules_of[name]), _server_names(domains), scope.tls)
        for name, domains in sorted(won.items())
    ]
    if not any(scope.hostname in domains for domains in won.values()) and (scope.hostname != EVERY or not chains):
        chains.append(model.TcpChain(scope.id, (), _server_names([scope.hostname])))
    return tuple(chains)


def _reached(scope: TlsScope, rules: RuleSet) -> tuple[model.WeightedBackend, ...]:
    """Where TLS ends, it begins anew towards backends with a BackendTLSPolicy."""
    if scope.tls is None or not rules.rules:
        return _backends(rules)
    others = rules.rules[0].destination.after_tls
    return tuple(
        replace(each, backend=others.get(each.backend, each.backend)) if each.backend is not None else each
        for each in _backends(rules)
    )


def _winners(hostname: str, routes: Sequence[RuleSet], hostnames: Collection[str]) -> dict[str, RuleSet]:
    """Who gets each server name that the listener is the one for."""
    found: dict[str, RuleSet] = {}
    for rank, rules in sorted(_candidates(routes), key=lambda each: (each[0], age(each[1].route))):
        domain = intersection(hostname, rank[2])
        if domain is not None and not _is_elsewhere(domain, hostname, hostnames):
            found.setdefault(domain, rules)
    return found


def _candidates(routes: Sequence[RuleSet]) -> Iterator[tuple[tuple[int, int, str], RuleSet]]:
    for rules in routes:
        for each in hostnames_of(rules.route):
            exact, characters = specificity(each)
            yield (-exact, -characters, each), rules


def _is_elsewhere(domain: str, hostname: str, hostnames: Collection[str]) -> bool:
    return any(covers(other, domain) and specificity(other) > specificity(hostname) for other in hostnames)


def _server_names(domains: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(each for each in domains if each != EVERY))


def _oldest(routes: Sequence[RuleSet]) -> RuleSet | None:
    return min(routes, key=lambda each: age(each.route), default=None)


def _backends(rules: RuleSet | None) -> tuple[model.WeightedBackend, ...]:
    if rules is None or not rules.rules or isinstance(rules.rules[0].destination.action, model.Redirect):
        return ()
    return rules.rules[0].destination.action.backends
