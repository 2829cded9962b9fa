"""Issuer and ClusterIssuer of cert-manager.io/v1 (cert-manager.io/docs/reference/api-docs).

A lab issues by `selfSigned` and `ca`. The others are known in full, so that manifests written for a cluster are judged
as they are there.
"""

from gatelab.kinds.schemas.acme import acme
from gatelab.kinds.schemas.build import Schema, array, fields, integer, text, whole

GROUP_NAME = "cert-manager.io"


def definitions() -> dict[str, Schema]:
    """The definitions of this file, by name."""
    issuer = {"required": ("spec",)}
    return {
        f"{GROUP_NAME}.Issuer": whole(_issuer(), _status(), "Issues in its namespace.", **issuer),
        f"{GROUP_NAME}.ClusterIssuer": whole(_issuer(), _status(), "Issues everywhere.", **issuer),
    }


def secret_key(about: str = "A key of a Secret.") -> Schema:
    """A reference to a key of a Secret."""
    return fields({"name": text("The Secret's name."), "key": text("The key in its data.")}, about, required=("name",))


def texts(about: str = "") -> Schema:
    """A list of strings."""
    return array(text(), about)


def conditions() -> Schema:
    """Conditions as cert-manager has them: not `metav1.Condition`, most fields may be absent."""
    condition = fields(
        {
            "type": text(),
            "status": text(enum=("True", "False", "Unknown")),
            "reason": text(),
            "message": text(),
            "lastTransitionTime": text(format="date-time"),
            "observedGeneration": integer(bits=64),
        },
        required=("type", "status"),
    )
    return array(condition, "Observations of the controller.", keys=("type",))


def _issuer() -> Schema:
    lists = {"crlDistributionPoints": texts(), "ocspServers": texts(), "issuingCertificateURLs": texts()}
    return fields(
        {
            "selfSigned": fields({"crlDistributionPoints": texts()}, "Certificates sign themselves."),
            "ca": fields({"secretName": text("The Secret of the CA."), **lists}, required=("secretName",)),
            "acme": acme(),
            "vault": _vault(),
            "venafi": _venafi(),
        },
        "How it issues.",
    )


def _status() -> Schema:
    account = fields({"uri": text(), "lastRegisteredEmail": text(), "lastPrivateKeyHash": text()})
    return fields({"conditions": conditions(), "acme": account}, "What is the case.")


def _vault() -> Schema:
    return fields(
        {
            "server": text("The URL of the server."),
            "serverName": text("The name that its certificate must have."),
            "path": text("The path of the mount that signs."),
            "namespace": text("The namespace of Vault."),
            "auth": _vault_auth(),
            "caBundle": text("The CAs of the server.", format="byte"),
            "caBundleSecretRef": secret_key(),
            "clientCertSecretRef": secret_key(),
            "clientKeySecretRef": secret_key(),
        },
        "A Vault; not available in a lab.",
        required=("auth", "path", "server"),
    )


def _vault_auth() -> Schema:
    account = fields({"name": text(), "audiences": texts()}, "A ServiceAccount.", required=("name",))
    aws = {name: text() for name in ("iamRoleArn", "mountPath", "region", "vaultHeaderValue")}
    role = {"path": text(), "roleId": text(), "secretRef": secret_key()}
    kubernetes = {"mountPath": text(), "role": text(), "secretRef": secret_key(), "serviceAccountRef": account}
    return fields(
        {
            "tokenSecretRef": secret_key(),
            "appRole": fields(role, "An AppRole.", required=("path", "roleId", "secretRef")),
            "clientCertificate": fields({"mountPath": text(), "name": text(), "secretName": text()}),
            "kubernetes": fields(kubernetes, required=("role",)),
            "aws": fields({**aws, "role": text(least=1), "serviceAccountRef": account}, required=("role",)),
        },
        "How to log in.",
    )


def _venafi() -> Schema:
    credentials = fields({"name": text("The Secret's name.")}, required=("name",))
    tpp = {"url": text(), "credentialsRef": credentials, "caBundle": text(format="byte")}
    ngts = {"credentialsRef": credentials, "tokenEndpoint": text(), "tsgID": text(), "url": text()}
    return fields(
        {
            "zone": text("The policy zone."),
            "cloud": fields({"apiTokenSecretRef": secret_key(), "url": text()}, required=("apiTokenSecretRef",)),
            "tpp": fields({**tpp, "caBundleSecretRef": secret_key()}, required=("credentialsRef", "url")),
            "ngts": fields(ngts, required=("credentialsRef", "tsgID")),
        },
        "Venafi; not available in a lab.",
        required=("zone",),
    )
