"""CustomResourceDefinitions by kubectl: create one, use its kind, delete it."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import yaml

import cert_manager_module
from custom_objects import definition, version, widget
from gatelab.kinds.builtin import GATEWAY
from gateway_api_module import crds
from running_api import Kubectl

Api = Callable[[], AbstractAsyncContextManager[Kubectl]]

pytestmark = pytest.mark.kubectl


async def establish(kubectl: Kubectl, crd: dict[str, Any]) -> None:
    await kubectl.ok("apply", "-f", "-", stdin=json.dumps(crd))
    await kubectl.ok("wait", "--for=condition=Established", "--timeout=10s", f"crd/{crd['metadata']['name']}")


async def test_a_kind_of_ones_own(api: Api) -> None:
    async with api() as kubectl:
        await establish(kubectl, definition())
        await kubectl.ok("apply", "-f", "-", stdin=json.dumps(widget(color="blue")))
        assert (await kubectl.ok("get", "widgets")).splitlines()[0].split() == ["NAME", "SIZE", "READY", "AGE"]
        assert (await kubectl.ok("get", "wg", "a", "--no-headers")).split()[:2] == ["a", "3"]
        wide = await kubectl.ok("get", "widget.example.com", "-o", "wide")
        assert "COLOR" in wide
        assert "blue" in wide
        assert "widget.example.com/a" in await kubectl.ok("get", "all", "-o", "name")
        assert "How large." in await kubectl.ok("explain", "widgets.spec.size")
        assert "<ObjectMeta>" in await kubectl.ok("explain", "widgets.metadata")
        assert "widgets" in await kubectl.ok("api-resources", "--api-group=example.com")
        await kubectl.ok("patch", "wg", "a", "--type=merge", "-p", '{"spec":{"size":4}}')
        merged = await kubectl("patch", "wg", "a", "--type=strategic", "-p", '{"spec":{"size":4}}')
        assert "strategic-merge-patch+json is not supported by example.com/v1" in merged.err
        assert await kubectl.ok("get", "wg", "a", "-o", "jsonpath={.spec.size} {.metadata.generation}") == "4 2"
        described = await kubectl.ok("describe", "wg", "a")
        assert "Color:" in described


async def test_status_and_scale(api: Api) -> None:
    async with api() as kubectl:
        await establish(kubectl, definition())
        await kubectl.ok("create", "-f", "-", stdin=json.dumps({**widget(replicas=1), "status": {"ready": False}}))
        assert await kubectl.ok("get", "wg", "a", "-o", "jsonpath={.status}") == ""
        done = '{"status":{"ready":true,"replicas":1,"selector":"app=a"},"spec":{"size":9}}'
        await kubectl.ok("patch", "wg", "a", "--subresource=status", "--type=merge", "-p", done)
        seen = "jsonpath={.status.ready} {.spec.size} {.metadata.generation}"
        assert await kubectl.ok("get", "wg", "a", "-o", seen) == "true 3 1"
        await kubectl.ok("wait", "--for=jsonpath={.status.ready}=true", "wg/a", "--timeout=5s")
        await kubectl.ok("scale", "wg/a", "--replicas=3")
        assert await kubectl.ok("get", "wg", "a", "-o", "jsonpath={.spec.replicas}") == "3"
        assert "must be greater" in (await kubectl("scale", "wg/a", "--replicas=-1")).err


async def test_what_is_wrong_is_named(api: Api) -> None:
    async with api() as kubectl:
        await establish(kubectl, definition())
        unknown = await kubectl("apply", "-f", "-", stdin=json.dumps(widget(sice=3)))
        assert 'unknown field "spec.sice"' in unknown.err
        wrong = await kubectl("apply", "-f", "-", stdin=json.dumps(widget(size=11, color="green")))
        assert "spec.size in body should be less than or equal to 10" in wrong.err
        assert 'spec.color: Unsupported value: "green": supported values: "red", "blue"' in wrong.err
        loose = {**definition(plural="gadgets", kind="Gadget", shortNames=[])}
        del loose["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["type"]
        refused = await kubectl("create", "-f", "-", stdin=json.dumps(loose))
        assert "openAPIV3Schema.type: Required value: must not be empty at the root" in refused.err


async def test_deleting_the_definition_deletes_its_objects(api: Api) -> None:
    async with api() as kubectl:
        await establish(kubectl, definition())
        await kubectl.ok("create", "-f", "-", stdin=json.dumps(widget()))
        await kubectl.ok("delete", "crd", "widgets.example.com", "--timeout=10s")
        assert (await kubectl("get", "widgets")).code == 1
        assert "widgets" not in await kubectl.ok("api-resources", "-o", "name")
        await establish(kubectl, definition())
        assert await kubectl.ok("get", "wg", "-o", "name") == ""


async def test_several_versions(api: Api) -> None:
    old = version("v1beta1", storage=False, deprecated=True, deprecationWarning="use v1")
    async with api() as kubectl:
        await establish(kubectl, definition(version(), old))
        created = await kubectl("create", "-f", "-", stdin=json.dumps(widget(api_version="example.com/v1beta1")))
        assert "Warning: use v1" in created.err
        assert await kubectl.ok("get", "wg", "a", "-o", "jsonpath={.apiVersion}") == "example.com/v1"
        seen = await kubectl.ok("get", "widgets.v1beta1.example.com", "a", "-o", "jsonpath={.apiVersion}")
        assert seen == "example.com/v1beta1"


async def test_the_kinds_of_gateway_api_are_listed_and_stay(api: Api) -> None:
    async with api() as kubectl:
        listed = await kubectl.ok("get", "crds", "-o", "name")
        assert f"customresourcedefinition.apiextensions.k8s.io/{GATEWAY.qualified_plural}" in listed
        crd = yaml.safe_load(await kubectl.ok("get", "crd", GATEWAY.qualified_plural, "-o", "yaml"))
        annotations = crd["metadata"]["annotations"]
        assert annotations["gateway.networking.k8s.io/bundle-version"] == "v1.6.1"
        assert annotations["gateway.networking.k8s.io/channel"] == "experimental"
        await kubectl.ok("wait", "--for=condition=Established", f"crd/{GATEWAY.qualified_plural}", "--timeout=5s")
        refused = await kubectl("delete", "crd", GATEWAY.qualified_plural)
        assert "gatelab itself serves this kind" in refused.err


@pytest.mark.parametrize(
    ("channel", "way"),
    [
        ("standard", ()),
        ("standard", ("--server-side",)),
        # Its definitions are too long for the annotation of a client-side apply, as upstream's notes say.
        ("experimental", ("--server-side",)),
    ],
    ids=["standard, client", "standard, server", "experimental, server"],
)
async def test_the_bundle_of_upstream_is_harmless(api: Api, way: tuple[str, ...], channel: str, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.yaml"
    policy = crds(channel)[0].with_name("gateway.networking.k8s.io_vap_safeupgrades.yaml")
    bundle.write_text("\n---\n".join(path.read_text() for path in [*crds(channel), policy]))
    gateway = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "g"},
        "spec": {"gatewayClassName": "x", "listeners": [{"name": "a", "port": 80, "protocol": "HTTP"}]},
    }
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "TLSRoute",
        "metadata": {"name": "r"},
        "spec": {"hostnames": ["a.example"], "rules": [{"backendRefs": [{"name": "b", "port": 443}]}]},
    }
    async with api() as kubectl:
        applied = await kubectl("apply", *way, "-f", str(bundle))
        assert applied.code == 0, applied.text
        assert "gatelab serves this kind with the schema it was built with" in applied.err
        await kubectl.ok("apply", "-f", "-", stdin=json.dumps(gateway))
        stored = await kubectl("apply", "-f", "-", stdin=json.dumps(route))
        assert stored.code == 0, stored.text
        assert "a.example" in await kubectl.ok("get", "tlsroutes", "r", "-o", "yaml")


@pytest.mark.parametrize("way", [(), ("--server-side",)], ids=["client", "server"])
async def test_the_definitions_of_cert_manager_are_harmless(api: Api, way: tuple[str, ...], tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.yaml"
    # Those of the issuers and of Challenge are too long for the annotation of a client-side apply.
    files = [each for each in cert_manager_module.crds() if way or each.stat().st_size < 200_000]
    bundle.write_text("\n---\n".join(path.read_text() for path in files))
    issuer = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "Issuer",
        "metadata": {"name": "i"},
        "spec": {"ca": {"secretName": "s", "ocspServers": ["http://a.example"]}},
    }
    request = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "CertificateRequest",
        "metadata": {"name": "r"},
        "spec": {"issuerRef": {"name": "i"}, "request": "YQ=="},
    }
    async with api() as kubectl:
        applied = await kubectl("apply", *way, "-f", str(bundle))
        assert applied.code == 0, applied.text
        assert "certificates.cert-manager.io: the definition is stored, but gatelab serves" in applied.err
        again = await kubectl.ok("apply", *way, "-f", str(bundle))
        assert "configured" not in again
        stored = await kubectl("apply", "-f", "-", stdin=json.dumps(issuer))
        assert (stored.code, "spec.ca.ocspServers is stored, gatelab does not act on it" in stored.err) == (0, True)
        wrong = await kubectl("apply", "-f", "-", stdin=json.dumps({**issuer, "spec": {"vault": {}}}))
        assert "spec.vault.server: Required value" in wrong.err
        assert await kubectl.ok("get", "iss", "-o", "name") == "issuer.cert-manager.io/i\n"
        await kubectl.ok("wait", "--for=condition=Established", "--timeout=10s", "-f", str(bundle))
        stored = await kubectl("apply", "-f", "-", stdin=json.dumps(request))
        assert (stored.code, "no controller that acts on it" in stored.err) == (0, True)
        assert await kubectl.ok("get", "cr", "-o", "name") == "certificaterequest.cert-manager.io/r\n"
        assert await kubectl.ok("get", "orders", "-o", "name") == ""
        assert await kubectl.ok("get", "certs", "--field-selector=spec.issuerRef.name=i", "-o", "name") == ""
