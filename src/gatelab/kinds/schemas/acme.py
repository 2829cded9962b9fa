"""The part of cert-manager's issuers that names an ACME server (RFC 8555) and how its challenges are solved."""

from gatelab.kinds.schemas.build import (
    DNS_SUBDOMAIN,
    GROUP,
    KIND,
    LABEL,
    Schema,
    array,
    boolean,
    fields,
    integer,
    mapping,
    ref,
    text,
)

_QUANTITY = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
_CLOUDS = ("AzurePublicCloud", "AzureChinaCloud", "AzureGermanCloud", "AzureUSGovernmentCloud")


def acme() -> Schema:
    """The schema of `spec.acme`."""
    binding = {"keyID": text(), "keySecretRef": _key(), "keyAlgorithm": text(enum=("HS256", "HS384", "HS512"))}
    return fields(
        {
            "server": text("The URL of the server's directory."),
            "email": text("The address of the account."),
            "profile": text("The profile of the certificates."),
            "preferredChain": text("The name of the CA at the end of the chain.", most=64),
            "caBundle": text("The CAs of the server.", format="byte"),
            "skipTLSVerify": boolean("Whether any server is trusted."),
            "privateKeySecretRef": _key(),
            "externalAccountBinding": fields(binding, "An account elsewhere.", required=("keyID", "keySecretRef")),
            "disableAccountKeyGeneration": boolean("Whether the key of the account must be there."),
            "enableDurationFeature": boolean("Whether the server is asked for a duration."),
            "solvers": array(_solver(), "How challenges are solved."),
        },
        "An ACME server; not available in a lab.",
        required=("privateKeySecretRef", "server"),
    )


def _key() -> Schema:
    return fields({"name": text("The Secret's name."), "key": text("The key in its data.")}, required=("name",))


def _texts(*names: str) -> dict[str, Schema]:
    return {name: text() for name in names}


def _solver() -> Schema:
    selector = {
        "matchLabels": mapping(text()),
        "dnsNames": array(text()),
        "dnsZones": array(text()),
    }
    return fields(
        {
            "selector": fields(selector, "For which names."),
            "http01": fields({"ingress": _ingress(), "gatewayHTTPRoute": _route()}, "By HTTP."),
            "dns01": _dns(),
            "waitInsteadOfSelfCheck": text("How long to wait instead of looking."),
        }
    )


def _dns() -> Schema:
    account = fields({"name": text(), "audiences": array(text())}, required=("name",))
    kubernetes = fields({"serviceAccountRef": account}, required=("serviceAccountRef",))
    tokens = {name: _key() for name in ("accessTokenSecretRef", "clientSecretSecretRef", "clientTokenSecretRef")}
    amazon = {
        **_texts("accessKeyID", "hostedZoneID", "region", "role"),
        "accessKeyIDSecretRef": _key(),
        "secretAccessKeySecretRef": _key(),
        "auth": fields({"kubernetes": kubernetes}, required=("kubernetes",)),
    }
    anything = {"x-kubernetes-preserve-unknown-fields": True}
    webhook = {**_texts("groupName", "solverName"), "config": anything}
    update = {**_texts("nameserver", "tsigAlgorithm", "tsigKeyName"), "tsigSecretSecretRef": _key()}
    flare = {"email": text(), "apiKeySecretRef": _key(), "apiTokenSecretRef": _key()}
    google = {**_texts("project", "hostedZoneName"), "serviceAccountSecretRef": _key()}
    return fields(
        {
            "cnameStrategy": text("Whether CNAMEs are followed.", enum=("None", "Follow")),
            "acmeDNS": fields({"host": text(), "accountSecretRef": _key()}, required=("accountSecretRef", "host")),
            "akamai": fields(
                {"serviceConsumerDomain": text(), **tokens}, required=(*sorted(tokens), "serviceConsumerDomain")
            ),
            "azureDNS": _azure(),
            "cloudDNS": fields(google, required=("project",)),
            "cloudflare": fields(flare),
            "digitalocean": fields({"tokenSecretRef": _key()}, required=("tokenSecretRef",)),
            "rfc2136": fields({**update, "protocol": text(enum=("TCP", "UDP"))}, required=("nameserver",)),
            "route53": fields(amazon),
            "webhook": fields(webhook, required=("groupName", "solverName")),
        },
        "By DNS.",
    )


def _azure() -> Schema:
    return fields(
        {
            **_texts("clientID", "hostedZoneName", "resourceGroupName", "subscriptionID", "tenantID"),
            "clientSecretSecretRef": _key(),
            "environment": text(enum=_CLOUDS),
            "managedIdentity": fields(_texts("clientID", "resourceID", "tenantID")),
            "zoneType": text(enum=("AzurePublicZone", "AzurePrivateZone")),
        },
        required=("resourceGroupName", "subscriptionID"),
    )


def _marks() -> Schema:
    return fields({"annotations": mapping(text()), "labels": mapping(text())})


def _ingress() -> Schema:
    own = _texts("class", "ingressClassName", "name", "serviceType")
    return fields({**own, "ingressTemplate": fields({"metadata": _marks()}), "podTemplate": _pod_template()})


def _route() -> Schema:
    parent = fields(
        {
            "group": text(most=253, pattern=GROUP, default="gateway.networking.k8s.io"),
            "kind": text(least=1, most=63, pattern=KIND, default="Gateway"),
            "namespace": text(least=1, most=63, pattern=LABEL),
            "name": text(least=1, most=253),
            "sectionName": text(least=1, most=253, pattern=DNS_SUBDOMAIN),
            "port": integer(least=1, most=65535),
        },
        required=("name",),
    )
    return fields(
        {
            "labels": mapping(text()),
            "parentRefs": array(parent),
            "podTemplate": _pod_template(),
            "serviceType": text(),
        }
    )


def _pod_template() -> Schema:
    toleration = {**_texts("effect", "key", "operator", "value"), "tolerationSeconds": integer(bits=64)}
    spec = {
        "affinity": ref("core_v1.Affinity"),
        "imagePullSecrets": array(fields({"name": text(default="")}), keys=("name",)),
        "nodeSelector": mapping(text()),
        "priorityClassName": text(),
        "resources": fields({"limits": mapping(_quantity()), "requests": mapping(_quantity())}),
        "securityContext": _security(),
        "serviceAccountName": text(),
        "tolerations": array(fields(toleration)),
    }
    return fields({"metadata": _marks(), "spec": fields(spec)}, "The pods that answer.")


def _quantity() -> Schema:
    either = [{"type": "integer"}, {"type": "string"}]
    return {"anyOf": either, "pattern": _QUANTITY, "x-kubernetes-int-or-string": True}


def _security() -> Schema:
    seccomp = fields(_texts("localhostProfile", "type"), required=("type",))
    return fields(
        {
            **{each: integer(bits=64) for each in ("fsGroup", "runAsGroup", "runAsUser")},
            "fsGroupChangePolicy": text(),
            "runAsNonRoot": boolean(),
            "seLinuxOptions": fields(_texts("level", "role", "type", "user")),
            "seccompProfile": seccomp,
            "supplementalGroups": array(integer(bits=64)),
            "sysctls": array(fields(_texts("name", "value"), required=("name", "value"))),
        }
    )
