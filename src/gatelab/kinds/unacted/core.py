"""Services and ServiceAccounts."""

from gatelab.kinds.unacted.fields import Field

_ALL_ON_ONE = "all endpoints are on one node, where the policies come to the same"

SERVICE = (
    Field("spec.sessionAffinity", ("None",), "connections are spread; remove the field"),
    Field("spec.externalTrafficPolicy", ("Cluster",), _ALL_ON_ONE),
    Field("spec.internalTrafficPolicy", ("Cluster",), _ALL_ON_ONE),
    Field("spec.trafficDistribution", (), _ALL_ON_ONE),
    Field("spec.loadBalancerSourceRanges", (), "every address that reaches the lab may connect"),
    Field("spec.healthCheckNodePort"),
    Field("spec.ipFamilyPolicy", ("SingleStack", "PreferDualStack"), "addresses are IPv4; use SingleStack"),
)
SERVICE_ACCOUNT = (
    Field("imagePullSecrets", (), "images are programs of this machine, and nothing is pulled"),
    Field("secrets", (), "pods get no credentials from it"),
)
