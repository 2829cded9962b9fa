"""The controllers on a real store, a clock to set, and the objects of the experiment's shape."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from cryptography import x509

from gatelab.certs import controllers
from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.kinds.builtin import CERTIFICATE, CLUSTER_ISSUER, NAMESPACE, SECRET
from gatelab.kinds.conditions import condition
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object
from gatelab.reconcile import Runtime
from gatelab.store import Store


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **delta: float) -> None:
        self.now += timedelta(**delta)


class Lab:
    """A cluster in which the controllers run."""

    def __init__(self, cluster: EmbeddedCluster) -> None:
        self.cluster = cluster

    async def until(self, kind: Kind, key: Key, fits: Callable[[Object], bool]) -> Object:
        """The object when it fits; fails with its last state after some seconds."""
        last: Object | None = None
        try:
            async with asyncio.timeout(30), aclosing(cast(Any, self.cluster.watch(kind))) as events:
                async for event in events:
                    for obj in getattr(event, "objects", None) or [getattr(event, "object", None)]:
                        if obj and Key(obj["metadata"].get("namespace", ""), obj["metadata"]["name"]) == key:
                            last = obj
                            if fits(obj):
                                return cast(Object, obj)
        except TimeoutError:
            pytest.fail(f"{kind} {key} never fitted: {last}")
        raise AssertionError

    async def until_ready(self, name: str = "web", status: str = "True", reason: str | None = None) -> Object:
        return await self.until(CERTIFICATE, Key("shop", name), lambda obj: is_ready(obj, status, reason))

    async def certificate(self, name: str = "web", **spec: Any) -> Object:
        base = {
            "secretName": f"{name}-tls",
            "dnsNames": [f"{name}.test"],
            "privateKey": {"algorithm": "ECDSA"},
            "issuerRef": {"name": "ca-issuer", "kind": "ClusterIssuer", "group": "cert-manager.io"},
        }
        obj = {"metadata": {"name": name, "namespace": "shop"}, "spec": {**base, **spec}}
        return await self.cluster.create(CERTIFICATE, obj)

    async def ca(self) -> None:
        """ClusterIssuers selfsigned-issuer and ca-issuer, and the CA Certificate between them."""
        await self.cluster.create(
            CLUSTER_ISSUER, {"metadata": {"name": "selfsigned-issuer"}, "spec": {"selfSigned": {}}}
        )
        await self.cluster.create(
            CERTIFICATE,
            {
                "metadata": {"name": "selfsigned-ca", "namespace": "cert-manager"},
                "spec": {
                    "isCA": True,
                    "commonName": "selfsigned-ca",
                    "secretName": "selfsigned-ca",
                    "privateKey": {"algorithm": "ECDSA", "size": 256},
                    "issuerRef": {"name": "selfsigned-issuer", "kind": "ClusterIssuer", "group": "cert-manager.io"},
                },
            },
        )
        await self.cluster.create(
            CLUSTER_ISSUER, {"metadata": {"name": "ca-issuer"}, "spec": {"ca": {"secretName": "selfsigned-ca"}}}
        )

    async def settled(self) -> None:
        """Returns when the controllers have looked at everything that happened before."""
        await self.certificate("settled")
        await self.until_ready("settled")

    async def secret(self, name: str = "web-tls", namespace: str = "shop") -> Object:
        return await self.cluster.get(SECRET, Key(namespace, name))

    async def until_issued_again(self, old: x509.Certificate, name: str = "web-tls") -> list[x509.Certificate]:
        secret = await self.until(
            SECRET, Key("shop", name), lambda obj: bool(obj.get("data")) and chain_of(obj)[0] != old
        )
        return chain_of(secret)


def is_ready(obj: Object, status: str = "True", reason: str | None = None) -> bool:
    found = condition((obj.get("status") or {}).get("conditions") or (), "Ready")
    return found is not None and found["status"] == status and reason in (None, found["reason"])


def chain_of(secret: Object) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(base64.b64decode(secret["data"]["tls.crt"]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def lab(clock: Clock) -> AsyncIterator[Lab]:
    store = Store.open(None)
    cluster = EmbeddedCluster(store)
    for name in ("shop", "cert-manager"):
        await cluster.create(NAMESPACE, {"metadata": {"name": name}})
    async with asyncio.TaskGroup() as tasks:
        runtime = tasks.create_task(Runtime(cluster, controllers(cluster, clock=clock)).run())
        yield Lab(cluster)
        runtime.cancel()
    await store.close()
