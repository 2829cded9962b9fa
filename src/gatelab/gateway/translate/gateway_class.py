"""GatewayClasses: which are ours, and whether we accept them (GatewayClass API, `controllerName`, `parametersRef`)."""

from collections.abc import Container, Mapping

from gatelab.gateway.translate.observations import ACCEPTED, fails, holds
from gatelab.kinds.conditions import Condition
from gatelab.kinds.gatewayapi import GatewayClass

GATELAB = "gatelab.dev/gateway-controller"
CILIUM = "io.cilium/gateway-controller"
CONTROLLER_NAMES = frozenset({GATELAB, CILIUM})
"""What a lab serves."""

SUPPORTED_FEATURES = (
    "BackendTLSPolicy",
    "BackendTLSPolicySANValidation",
    "GRPCRoute",
    "GRPCRouteNamedRouteRule",
    "Gateway",
    "GatewayAddressEmpty",
    "GatewayBackendClientCertificate",
    "GatewayFrontendClientCertificateValidation",
    "GatewayFrontendClientCertificateValidationInsecureFallback",
    "GatewayHTTPListenerIsolation",
    "GatewayHTTPSListenerDetectMisdirectedRequests",
    "GatewayInfrastructurePropagation",
    "GatewayPort8080",
    "GatewayStaticAddresses",
    "HTTPRoute",
    "HTTPRoute303RedirectStatusCode",
    "HTTPRoute307RedirectStatusCode",
    "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolH2C",
    "HTTPRouteBackendProtocolWebSocket",
    "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout",
    "HTTPRouteCORS",
    "HTTPRouteDestinationPortMatching",
    "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching",
    "HTTPRouteNamedRouteRule",
    "HTTPRouteParentRefPort",
    "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite",
    "HTTPRoutePortRedirect",
    "HTTPRouteQueryParamMatching",
    "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors",
    "HTTPRouteRequestPercentageMirror",
    "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification",
    "HTTPRouteRetry",
    "HTTPRouteRetryBackendTimeout",
    "HTTPRouteRetryConnectionError",
    "HTTPRouteSchemeRedirect",
    "ListenerSet",
    "ReferenceGrant",
    "TCPRoute",
    "TLSRoute",
    "TLSRouteModeMixed",
    "TLSRouteModeTerminate",
    "UDPRoute",
)
"""`status.supportedFeatures`, in ascending order as the API demands (GEP-2162)."""


def ours(gateway_classes: Mapping[str, GatewayClass], controller_names: Container[str]) -> dict[str, GatewayClass]:
    """A class of another controller is none of our business: no status, no Gateways (GatewayClass API)."""
    return {name: each for name, each in gateway_classes.items() if each.spec.controller_name in controller_names}


def accepted(gateway_class: GatewayClass, problem: str = "") -> Condition:
    """Accepted, unless there is a `problem` with its parameters; its Gateways are told the same."""
    generation = gateway_class.metadata.generation
    if problem:
        return fails(ACCEPTED, generation, reason="InvalidParameters", message=problem)
    return holds(ACCEPTED, generation, message="served by gatelab")
