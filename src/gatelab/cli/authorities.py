"""Whom a client of the lab's Gateways has to trust."""

import asyncio
import base64
import binascii
from pathlib import Path

from gatelab.cli.lab_objects import TIMEOUT_S, list_all, unanswered
from gatelab.cluster.port import Cluster
from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.experiment.resolution import issuer_certificates
from gatelab.kinds.builtin import GATEWAY, LISTENER_SET, SECRET
from gatelab.kinds.errors import ApiError, NotFound
from gatelab.kinds.objects import Key
from gatelab.node.errors import LabError


async def authorities(cluster: Cluster) -> tuple[str, ...]:
    """CA certificates (PEM): of every Issuer of type `ca`, and `ca.crt` of the Secrets that Gateways and ListenerSets
    serve with.

    Raises ApiError.
    """
    found = dict.fromkeys(each.strip() for each in await issuer_certificates(cluster))
    for key in await _gateway_secrets(cluster):
        pem = await _in_secret(cluster, key, ("ca.crt",))
        if pem:
            found[pem] = None
    return tuple(found)


def read_authorities(kubeconfig: Path) -> tuple[str, ...]:
    """The same of a lab. Raises LabError."""
    return asyncio.run(_with(kubeconfig))


def read_secret(kubeconfig: Path, key: Key) -> str:
    """`ca.crt` of a Secret, else its `tls.crt`: what a client of whoever serves with it trusts. Raises LabError."""
    return asyncio.run(_of_secret(kubeconfig, key))


async def _with(kubeconfig: Path) -> tuple[str, ...]:
    try:
        async with asyncio.timeout(TIMEOUT_S), RemoteCluster.connect(kubeconfig) as cluster:
            return await authorities(cluster)
    except (KubeconfigError, ApiError, TimeoutError) as error:
        raise unanswered(error) from error


async def _of_secret(kubeconfig: Path, key: Key) -> str:
    try:
        async with asyncio.timeout(TIMEOUT_S), RemoteCluster.connect(kubeconfig) as cluster:
            await cluster.get(SECRET, key)
            pem = await _in_secret(cluster, key, ("ca.crt", "tls.crt"))
    except NotFound:
        raise LabError(f"there is no Secret {key}: `gatelab kubectl get secrets -A` lists them") from None
    except (KubeconfigError, ApiError, TimeoutError) as error:
        raise unanswered(error) from error
    if pem is None:
        raise LabError(f"Secret {key} has no certificate in ca.crt or tls.crt")
    return pem


async def _gateway_secrets(cluster: Cluster) -> list[Key]:
    keys: dict[Key, None] = {}
    owners = await list_all(cluster, (GATEWAY, LISTENER_SET))
    for owner in (*owners[GATEWAY], *owners[LISTENER_SET]):
        for listener in owner["spec"].get("listeners") or ():
            for reference in (listener.get("tls") or {}).get("certificateRefs") or ():
                namespace = reference.get("namespace") or owner["metadata"]["namespace"]
                keys[Key(namespace, reference["name"])] = None
    return list(keys)


async def _in_secret(cluster: Cluster, key: Key, fields: tuple[str, ...]) -> str | None:
    """The first of the fields that has a certificate. Nothing else of the Secret is looked at."""
    try:
        data = (await cluster.get(SECRET, key)).get("data") or {}
    except NotFound:
        return None
    for field in fields:
        try:
            text = base64.b64decode(data.get(field) or "", validate=True).decode("ascii").strip()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if text.startswith("-----BEGIN CERTIFICATE-----"):
            return text
    return None
