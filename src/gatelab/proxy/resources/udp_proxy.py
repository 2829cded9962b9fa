"""Datagrams: UdpProxy.

A session is what comes from one address and port of a client. Envoy's UDP proxy has no weighted clusters, so the share
that a session falls into is drawn from its source port: one matcher per share, each with the part that it has of what
the shares before it left over. What no matcher takes is dropped.
"""

from collections.abc import Sequence

from envoy.config.core.v3.base_pb2 import RuntimeFractionalPercent
from envoy.extensions.filters.udp.udp_proxy.v3.route_pb2 import Route
from envoy.extensions.filters.udp.udp_proxy.v3.udp_proxy_pb2 import UdpProxyConfig
from envoy.extensions.matching.common_inputs.network.v3.network_inputs_pb2 import SourcePortInput
from envoy.extensions.matching.input_matchers.runtime_fraction.v3.runtime_fraction_pb2 import RuntimeFraction
from envoy.type.v3.percent_pb2 import FractionalPercent
from google.protobuf.message import Message
from xds.core.v3.extension_pb2 import TypedExtensionConfig
from xds.type.matcher.v3.matcher_pb2 import Matcher

from gatelab.proxy.model import UdpChain, WeightedBackend
from gatelab.proxy.resources.cluster import UNSERVABLE
from gatelab.proxy.resources.encoded import packed

_MILLION = 1_000_000


def udp_proxy(chain: UdpChain) -> UdpProxyConfig:
    """Each session to one endpoint of one backend, until it has been silent for a minute (Envoy's default)."""
    return UdpProxyConfig(stat_prefix=chain.name, matcher=_matcher([each for each in chain.backends if each.weight]))


def _matcher(shares: Sequence[WeightedBackend]) -> Matcher:
    if not shares:
        return Matcher(on_no_match=_to(None))
    *first, last = shares
    if not first:
        return Matcher(on_no_match=_to(last.backend))
    left = sum(each.weight for each in shares)
    fields = []
    for number, each in enumerate(first):
        fields.append(_part(each.weight, left, number, each.backend))
        left -= each.weight
    return Matcher(matcher_list=Matcher.MatcherList(matchers=fields), on_no_match=_to(last.backend))


def _part(weight: int, left: int, seed: int, backend: str | None) -> Matcher.MatcherList.FieldMatcher:
    parts = FractionalPercent(numerator=round(weight * _MILLION / left), denominator=FractionalPercent.MILLION)
    # Each share throws dice of its own, or the later ones would all throw what the first has thrown.
    fraction = RuntimeFraction(runtime_fraction=RuntimeFractionalPercent(default_value=parts), seed=seed)
    single = Matcher.MatcherList.Predicate.SinglePredicate(
        input=_extension("envoy.matching.inputs.source_port", SourcePortInput()),
        custom_match=_extension("envoy.matching.matchers.runtime_fraction", fraction),
    )
    predicate = Matcher.MatcherList.Predicate(single_predicate=single)
    return Matcher.MatcherList.FieldMatcher(predicate=predicate, on_match=_to(backend))


def _to(backend: str | None) -> Matcher.OnMatch:
    return Matcher.OnMatch(action=_extension("route", Route(cluster=backend or UNSERVABLE)))


def _extension(name: str, message: Message) -> TypedExtensionConfig:
    return TypedExtensionConfig(name=name, typed_config=packed(message))
