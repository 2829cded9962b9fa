"""The Secret of a Certificate: what cert-manager writes into it."""

import base64
from collections.abc import Mapping
from typing import Any

from gatelab.certs import keys, signing
from gatelab.certs.keys import Key
from gatelab.certs.signing import Issued
from gatelab.certs.wanted import Wanted
from gatelab.kinds.builtin import SECRET
from gatelab.kinds.objects import Object

_TYPE = "kubernetes.io/tls"
_PREFIX = "cert-manager.io"


def filled(present: Object | None, certificate: Object, wanted: Wanted, key: Key, issued: Issued) -> dict[str, Any]:
    """The Secret with the new pair in it. One that is there keeps its type, which is immutable, and its other data."""
    metadata = certificate["metadata"]
    base = present or {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.name,
        "metadata": {"name": wanted.secret_name, "namespace": metadata["namespace"]},
        "type": _TYPE,
    }
    own = base["metadata"]
    labels = {**(own.get("labels") or {}), **wanted.labels, f"controller.{_PREFIX}/fao": "true"}
    annotations = {
        **(own.get("annotations") or {}),
        **wanted.annotations,
        **_annotations(metadata["name"], wanted),
    }
    data = {**(base.get("data") or {}), **_data(wanted, key, issued)}
    return {**base, "metadata": {**own, "labels": labels, "annotations": annotations}, "data": data}


def _annotations(certificate_name: str, wanted: Wanted) -> Mapping[str, str]:
    values = {
        "alt-names": ",".join(wanted.dns_names),
        "certificate-name": certificate_name,
        "common-name": wanted.common_name,
        "ip-sans": ",".join(str(each) for each in wanted.addresses),
        "issuer-group": wanted.issuer.group,
        "issuer-kind": wanted.issuer.kind,
        "issuer-name": wanted.issuer.name,
        "uri-sans": ",".join(wanted.uris),
    }
    return {f"{_PREFIX}/{name}": value for name, value in values.items()}


def _data(wanted: Wanted, key: Key, issued: Issued) -> Mapping[str, str]:
    key_pem, chain_pem = keys.to_pem(key, wanted.key.encoding), signing.to_pem(issued.chain)
    data = {"tls.crt": chain_pem, "tls.key": key_pem, "ca.crt": signing.to_pem((issued.ca,))}
    if "CombinedPEM" in wanted.formats:
        data["tls-combined.pem"] = key_pem + b"\n" + chain_pem
    if "DER" in wanted.formats:
        data["key.der"] = keys.to_der(key, wanted.key.encoding)
    return {name: base64.b64encode(value).decode() for name, value in data.items()}
