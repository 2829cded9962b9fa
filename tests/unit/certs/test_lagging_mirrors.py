"""The controller's mirrors are always a little old: it must not issue twice for that, nor lose what it has to note."""

from typing import Any

import pytest

from gatelab.certs.certificate_controller import CertificateController
from gatelab.cluster.embedded import EmbeddedCluster
from gatelab.cluster.port import Applied, Replaced
from gatelab.kinds.builtin import CERTIFICATE, CLUSTER_ISSUER, ISSUER, NAMESPACE, SECRET
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key
from gatelab.reconcile import Mirrors
from gatelab.store import Store

WEB = Key("shop", "web")
WEB_TLS = Key("shop", "web-tls")


class Controlled:
    """The controller with mirrors that see what they are shown, and nothing else."""

    def __init__(self, store: Store, cluster: EmbeddedCluster, clock: Any) -> None:
        self.store = store
        self.cluster = cluster
        self.controller = CertificateController(cluster, clock)
        self.mirrors = Mirrors((CERTIFICATE, SECRET, ISSUER, CLUSTER_ISSUER))

    async def start(self) -> None:
        await self.cluster.create(NAMESPACE, {"metadata": {"name": "shop"}})
        await self.cluster.create(CLUSTER_ISSUER, {"metadata": {"name": "self"}, "spec": {"selfSigned": {}}})
        spec = {
            "secretName": "web-tls",
            "dnsNames": ["web.test"],
            "privateKey": {"algorithm": "ECDSA"},
            "issuerRef": {"name": "self", "kind": "ClusterIssuer"},
        }
        await self.cluster.create(CERTIFICATE, {"metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
        await self.show_everything()
        await self.controller.start(self.mirrors)

    async def show_everything(self) -> None:
        for mirror in self.mirrors.all():
            mirror.apply(Replaced(await self.cluster.list(mirror.kind)))

    async def ask_for_renewal(self) -> None:
        certificate = await self.cluster.get(CERTIFICATE, WEB)
        conditions = [*certificate["status"]["conditions"], {"type": "Issuing", "status": "True"}]
        await self.cluster.patch(CERTIFICATE, WEB, {"status": {"conditions": conditions}}, subresource="status")


@pytest.fixture
async def controlled(clock: Any) -> Any:
    store = Store.open(None)
    controlled = Controlled(store, EmbeddedCluster(store), clock)
    await controlled.start()
    yield controlled
    await store.close()


async def test_a_secret_not_yet_seen_is_not_issued_again(controlled: Controlled) -> None:
    await controlled.controller.reconcile(WEB)
    issued = controlled.store.get(SECRET, WEB_TLS)
    await controlled.controller.reconcile(WEB)
    assert controlled.store.get(SECRET, WEB_TLS) is issued


async def test_a_renewal_not_yet_seen_as_done_is_not_done_again(controlled: Controlled) -> None:
    await controlled.controller.reconcile(WEB)
    await controlled.ask_for_renewal()
    await controlled.show_everything()
    await controlled.controller.reconcile(WEB)
    issued = controlled.store.get(SECRET, WEB_TLS)
    controlled.mirrors.of(SECRET).apply(Applied(issued.object))
    await controlled.controller.reconcile(WEB)
    assert controlled.store.get(SECRET, WEB_TLS) is issued
    assert controlled.store.get(CERTIFICATE, WEB).object["status"]["revision"] == 2


async def test_what_was_issued_is_noted_on_the_latest_version(
    controlled: Controlled, monkeypatch: pytest.MonkeyPatch
) -> None:
    await controlled.controller.reconcile(WEB)
    await controlled.ask_for_renewal()
    await controlled.show_everything()
    patch = controlled.cluster.patch

    async def overtaken(*args: Any, **options: Any) -> Any:
        monkeypatch.setattr(controlled.cluster, "patch", patch)
        await patch(CERTIFICATE, WEB, {"metadata": {"labels": {"somebody": "else"}}})
        return await patch(*args, **options)

    monkeypatch.setattr(controlled.cluster, "patch", overtaken)
    await controlled.controller.reconcile(WEB)
    noted = controlled.store.get(CERTIFICATE, WEB).object
    assert noted["metadata"]["labels"] == {"somebody": "else"}
    assert noted["status"]["revision"] == 2
    assert condition(noted["status"]["conditions"], "Issuing") is None
