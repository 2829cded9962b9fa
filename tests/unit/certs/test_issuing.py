"""From Certificate to Secret, on a real store and the real runtime."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store

from gatelab.certs import keys
from gatelab.certs.wanted import KeyWanted
from gatelab.kinds.builtin import CERTIFICATE, CLUSTER_ISSUER, EVENT, ISSUER, SECRET
from gatelab.kinds.conditions import condition
from gatelab.kinds.objects import Key, Object

WEB = Key("shop", "web")


def data_of(secret: Object, name: str) -> bytes:
    return base64.b64decode(secret["data"][name])


def certificates(secret: Object, name: str = "tls.crt") -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(data_of(secret, name))


async def test_the_experiments_chain(lab: Any) -> None:
    """A leaf, from a CA that signed itself, into an Opaque Secret that was there before."""
    opaque = {"metadata": {"name": "web-tls", "namespace": "shop"}, "type": "Opaque"}
    await lab.cluster.create(SECRET, opaque)
    await lab.certificate(usages=["server auth"])
    await lab.until_ready(status="False", reason="IssuerNotFound")
    await lab.ca()
    certificate = await lab.until_ready()
    secret = await lab.secret()
    assert secret["type"] == "Opaque"
    (leaf,) = certificates(secret)
    (root,) = certificates(secret, "ca.crt")
    leaf.verify_directly_issued_by(root)
    verifier = PolicyBuilder().store(Store([root])).time(datetime(2026, 1, 3, tzinfo=UTC))
    verifier.build_server_verifier(x509.DNSName("web.test")).verify(leaf, [])
    keys.same(keys.from_pem(data_of(secret, "tls.key")).public_key(), leaf.public_key())  # type: ignore[arg-type]
    status = certificate["status"]
    assert status["notBefore"] == "2026-01-02T03:04:05Z"
    assert status["notAfter"] == "2026-04-02T03:04:05Z"
    assert status["renewalTime"] == "2026-03-03T03:04:05Z"
    assert status["revision"] == 1
    assert condition(status["conditions"], "Issuing") is None
    ready = condition(status["conditions"], "Ready")
    assert ready is not None
    assert ready["message"] == "Certificate is up to date and has not expired"
    assert ready["observedGeneration"] == 1


async def test_issuers_say_what_they_lack(lab: Any) -> None:
    await lab.cluster.create(
        CLUSTER_ISSUER, {"metadata": {"name": "ca-issuer"}, "spec": {"ca": {"secretName": "selfsigned-ca"}}}
    )
    key = Key("", "ca-issuer")

    def ready(status: str) -> Any:
        return lambda obj: (
            (condition(obj.get("status", {}).get("conditions", ()), "Ready") or {}).get("status") == status
        )

    issuer = await lab.until(CLUSTER_ISSUER, key, ready("False"))
    said = condition(issuer["status"]["conditions"], "Ready")
    assert said is not None
    assert said["reason"] == "ErrGetKeyPair"
    assert 'secrets "selfsigned-ca" not found in namespace cert-manager; create it' in said["message"]
    await lab.certificate()
    waiting = await lab.until_ready(status="False", reason="IssuerNotReady")
    assert 'Referenced ClusterIssuer "ca-issuer" is not ready' in str(waiting["status"]["conditions"])
    await lab.cluster.delete(CLUSTER_ISSUER, key)
    await lab.ca()
    issuer = await lab.until(CLUSTER_ISSUER, key, ready("True"))
    said = condition(issuer["status"]["conditions"], "Ready")
    assert said is not None
    assert said["reason"] == "KeyPairVerified"
    await lab.until_ready()


async def test_the_secret_is_cert_managers(lab: Any) -> None:
    await lab.ca()
    await lab.certificate(
        commonName="web",
        dnsNames=["a.test", "b.test"],
        ipAddresses=["127.21.0.1"],
        uris=["spiffe://lab/web"],
        secretTemplate={"labels": {"app": "web"}, "annotations": {"note": "mine"}},
        additionalOutputFormats=[{"type": "CombinedPEM"}, {"type": "DER"}],
    )
    await lab.until_ready()
    secret = await lab.secret()
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"]["labels"] == {"app": "web", "controller.cert-manager.io/fao": "true"}
    assert secret["metadata"]["annotations"] == {
        "note": "mine",
        "cert-manager.io/alt-names": "a.test,b.test",
        "cert-manager.io/certificate-name": "web",
        "cert-manager.io/common-name": "web",
        "cert-manager.io/ip-sans": "127.21.0.1",
        "cert-manager.io/issuer-group": "cert-manager.io",
        "cert-manager.io/issuer-kind": "ClusterIssuer",
        "cert-manager.io/issuer-name": "ca-issuer",
        "cert-manager.io/uri-sans": "spiffe://lab/web",
    }
    assert data_of(secret, "tls-combined.pem") == data_of(secret, "tls.key") + b"\n" + data_of(secret, "tls.crt")
    assert data_of(secret, "key.der")


async def test_an_intermediate_is_in_the_chain_and_the_root_is_not(lab: Any) -> None:
    await lab.ca()
    await lab.certificate("middle", isCA=True, commonName="middle", dnsNames=[])
    await lab.until_ready("middle")
    await lab.cluster.create(
        ISSUER, {"metadata": {"name": "local", "namespace": "shop"}, "spec": {"ca": {"secretName": "middle-tls"}}}
    )
    await lab.certificate(issuerRef={"name": "local"})
    await lab.until_ready()
    leaf, middle = certificates(await lab.secret())
    leaf.verify_directly_issued_by(middle)
    (root,) = certificates(await lab.secret("selfsigned-ca", "cert-manager"))
    middle.verify_directly_issued_by(root)


@pytest.mark.parametrize(
    ("wanted", "type_", "size", "pem"),
    [
        ({}, rsa.RSAPrivateKey, 2048, b"BEGIN RSA PRIVATE KEY"),
        ({"algorithm": "RSA", "size": 3072, "encoding": "PKCS8"}, rsa.RSAPrivateKey, 3072, b"BEGIN PRIVATE KEY"),
        ({"algorithm": "ECDSA", "size": 384}, ec.EllipticCurvePrivateKey, 384, b"BEGIN EC PRIVATE KEY"),
        ({"algorithm": "Ed25519"}, ed25519.Ed25519PrivateKey, None, b"BEGIN PRIVATE KEY"),
    ],
)
async def test_keys(lab: Any, wanted: dict[str, Any], type_: type, size: int | None, pem: bytes) -> None:
    await lab.ca()
    await lab.certificate(privateKey=wanted)
    await lab.until_ready()
    content = data_of(await lab.secret(), "tls.key")
    key = keys.from_pem(content)
    assert isinstance(key, type_)
    assert getattr(key, "key_size", None) == size
    assert pem in content


async def test_usages(lab: Any) -> None:
    await lab.ca()
    await lab.certificate(usages=["server auth", "client auth", "key agreement"])
    await lab.certificate("plain")
    await lab.until_ready()
    await lab.until_ready("plain")
    (leaf,) = certificates(await lab.secret())
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_agreement, usage.value.digital_signature) == (True, False)
    (plain,) = certificates(await lab.secret("plain-tls"))
    by_default = plain.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (by_default.digital_signature, by_default.key_encipherment, by_default.key_cert_sign) == (True, True, False)
    with pytest.raises(x509.ExtensionNotFound):
        plain.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


async def test_renewal_on_demand(lab: Any) -> None:
    """As `cmctl renew` asks for it."""
    await lab.ca()
    await lab.certificate()
    first = await lab.until_ready()
    (old,) = certificates(await lab.secret())
    asked = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "message": "please"}
    conditions = [*first["status"]["conditions"], asked]
    await lab.cluster.patch(CERTIFICATE, WEB, {"status": {"conditions": conditions}}, subresource="status")
    (new,) = await lab.until_issued_again(old)
    assert new.public_key() != old.public_key()
    done = await lab.until(CERTIFICATE, WEB, lambda obj: obj["status"]["revision"] == 2)
    assert condition(done["status"]["conditions"], "Issuing") is None
    assert condition(done["status"]["conditions"], "Ready") == condition(first["status"]["conditions"], "Ready")


async def test_renewal_in_time(lab: Any, clock: Any) -> None:
    await lab.ca()
    await lab.certificate(
        duration="10h", renewBefore="1h", privateKey={"algorithm": "ECDSA", "rotationPolicy": "Never"}
    )
    await lab.until_ready()
    (old,) = certificates(await lab.secret())
    clock.pass_by(hours=9, seconds=1)
    # The hourly look is not worth waiting for: any change of the object is one too.
    await lab.cluster.patch(CERTIFICATE, WEB, {"metadata": {"labels": {"look": "again"}}})
    (new,) = await lab.until_issued_again(old)
    assert new.public_key() == old.public_key()
    assert new.not_valid_before_utc == datetime(2026, 1, 2, 12, 4, 6, tzinfo=UTC)


async def test_an_old_certificate_does_until_it_expires(lab: Any, clock: Any) -> None:
    await lab.ca()
    await lab.certificate()
    await lab.until_ready()
    await lab.cluster.delete(CLUSTER_ISSUER, Key("", "ca-issuer"))
    clock.pass_by(days=61)
    await lab.cluster.patch(CERTIFICATE, WEB, {"metadata": {"labels": {"look": "again"}}})
    waiting = await lab.until(
        CERTIFICATE, WEB, lambda obj: condition(obj["status"]["conditions"], "Issuing") is not None
    )
    issuing = condition(waiting["status"]["conditions"], "Issuing")
    ready = condition(waiting["status"]["conditions"], "Ready")
    assert issuing is not None
    assert ready is not None
    assert (issuing["status"], issuing["reason"], ready["status"]) == ("True", "IssuerNotFound", "True")
    clock.pass_by(days=30)
    await lab.cluster.patch(CERTIFICATE, WEB, {"metadata": {"labels": {"look": "once more"}}})
    await lab.until_ready(status="False", reason="IssuerNotFound")


@pytest.mark.parametrize(
    "change",
    [
        {"dnsNames": ["other.test"]},
        {"commonName": "other"},
        {"usages": ["client auth"]},
        {"isCA": True},
        {"duration": "24h"},
        {"privateKey": {"algorithm": "Ed25519"}},
        {"privateKey": {"size": 384}},
        {"issuerRef": {"name": "selfsigned-issuer"}},
    ],
)
async def test_another_spec_is_issued_again(lab: Any, change: dict[str, Any]) -> None:
    await lab.ca()
    await lab.certificate()
    await lab.until_ready()
    (old,) = certificates(await lab.secret())
    await lab.cluster.patch(CERTIFICATE, WEB, {"spec": change})
    await lab.until_issued_again(old)
    await lab.until(CERTIFICATE, WEB, lambda obj: obj["status"]["revision"] == 2)


@pytest.mark.parametrize("breakage", [{"data": {"tls.key": None}}, {"data": {"tls.crt": "eA=="}}, {"data": None}, None])
async def test_a_broken_secret_is_mended(lab: Any, breakage: dict[str, Any] | None) -> None:
    await lab.ca()
    await lab.certificate()
    await lab.until_ready()
    await lab.settled()
    (old,) = certificates(await lab.secret())
    key = Key("shop", "web-tls")
    if breakage is None:
        await lab.cluster.delete(SECRET, key)
    else:
        await lab.cluster.patch(SECRET, key, breakage)

    def is_whole(secret: Object) -> bool:
        data = secret.get("data") or {}
        return (
            {"tls.key", "tls.crt", "ca.crt"} <= data.keys()
            and data["tls.crt"] != "eA=="
            and certificates(secret) != [old]
        )

    await lab.until(SECRET, key, is_whole)


async def test_nothing_is_written_when_all_is_well(lab: Any) -> None:
    await lab.ca()
    await lab.certificate()
    ready = await lab.until_ready()
    secret = await lab.secret()
    await lab.cluster.patch(CERTIFICATE, WEB, {"metadata": {"labels": {"look": "again"}}})
    await lab.certificate("other")
    await lab.until_ready("other")
    after = await lab.cluster.get(CERTIFICATE, WEB)
    assert int(after["metadata"]["resourceVersion"]) > int(ready["metadata"]["resourceVersion"])
    assert after["status"] == ready["status"]
    assert await lab.secret() == secret


async def test_never_rotating_a_key_that_does_not_fit(lab: Any) -> None:
    await lab.ca()
    await lab.certificate(privateKey={"algorithm": "ECDSA", "rotationPolicy": "Never"})
    await lab.until_ready()
    await lab.cluster.patch(CERTIFICATE, WEB, {"spec": {"privateKey": {"size": 384}}})
    said = await lab.until_ready(status="False", reason="SecretMismatch")
    assert "rotationPolicy is Never; set it to Always, or delete the Secret" in str(said["status"]["conditions"])


async def test_two_certificates_do_not_fight_for_a_secret(lab: Any) -> None:
    await lab.ca()
    await lab.certificate("a", secretName="web-tls")
    await lab.until_ready("a")
    await lab.certificate("b", secretName="web-tls")
    said = await lab.until_ready("b", status="False", reason="DuplicateSecretName")
    assert 'belongs to Certificate "a"' in str(said["status"]["conditions"])
    await lab.cluster.delete(CERTIFICATE, Key("shop", "a"))
    await lab.until_ready("b")


@pytest.mark.parametrize(
    ("spec", "reason", "message"),
    [
        ({"duration": "90d"}, "InvalidSpec", "spec.duration: '90d' is not a duration"),
        ({"duration": "5m"}, "InvalidSpec", "spec.duration: 5m is too short"),
        ({"renewBefore": "3000h"}, "InvalidSpec", "spec.renewBefore"),
        ({"ipAddresses": ["here"]}, "InvalidSpec", "spec.ipAddresses[0]: 'here' is not an IP address"),
        ({"dnsNames": ["bücher.test"]}, "InvalidSpec", "spec.dnsNames"),
        ({"dnsNames": []}, "InvalidSpec", "at least one of commonName"),
        ({"dnsNames": "web"}, "InvalidSpec", "dnsNames"),
        ({"commonName": "x" * 65}, "InvalidSpec", "spec.commonName"),
        ({"usages": ["world peace"]}, "InvalidSpec", "'world peace'"),
        ({"usages": ["encipher only"]}, "InvalidSpec", "spec.usages"),
        ({"privateKey": {"algorithm": "DSA"}}, "InvalidSpec", "spec.privateKey.algorithm"),
        ({"privateKey": {"algorithm": "ECDSA", "size": 512}}, "InvalidSpec", "use 256, 384 or 521"),
        ({"issuerRef": {"name": "x", "group": "example.org"}}, "IssuerNotFound", "example.org is not Issuer"),
    ],
)
async def test_specs_that_cannot_be_heeded(lab: Any, spec: dict[str, Any], reason: str, message: str) -> None:
    await lab.ca()
    await lab.certificate(**spec)
    said = await lab.until_ready(status="False", reason=reason)
    ready = condition(said["status"]["conditions"], "Ready")
    assert ready is not None
    assert message in ready["message"]


@pytest.mark.parametrize(
    ("spec", "reason"),
    [({"acme": {}}, "Unsupported"), ({}, "Unsupported"), ({"ca": {}}, "InvalidSpec"), ({"ca": "x"}, "InvalidSpec")],
)
async def test_issuers_that_cannot_be_heeded(lab: Any, spec: dict[str, Any], reason: str) -> None:
    await lab.cluster.create(ISSUER, {"metadata": {"name": "odd", "namespace": "shop"}, "spec": spec})
    await lab.until(ISSUER, Key("shop", "odd"), lambda obj: reason in str(obj.get("status")))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"tls.key": "eA=="}, "tls.crt is missing"),
        ({"tls.crt": "eA==", "tls.key": "eA=="}, "does not hold PEM"),
        ({"tls.crt": "?", "tls.key": "eA=="}, "is not base64"),
    ],
)
async def test_ca_secrets_that_do_not_do(lab: Any, data: dict[str, str], message: str) -> None:
    await lab.cluster.create(SECRET, {"metadata": {"name": "bad", "namespace": "shop"}, "data": data})
    await lab.cluster.create(
        ISSUER, {"metadata": {"name": "odd", "namespace": "shop"}, "spec": {"ca": {"secretName": "bad"}}}
    )
    await lab.until(ISSUER, Key("shop", "odd"), lambda obj: message in str(obj.get("status")))


async def test_a_leaf_is_no_ca(lab: Any) -> None:
    await lab.ca()
    await lab.certificate()
    await lab.until_ready()
    await lab.cluster.create(
        ISSUER, {"metadata": {"name": "odd", "namespace": "shop"}, "spec": {"ca": {"secretName": "web-tls"}}}
    )
    await lab.until(ISSUER, Key("shop", "odd"), lambda obj: "is not a CA" in str(obj.get("status")))


async def test_events_tell_the_story(lab: Any) -> None:
    await lab.ca()
    await lab.certificate()
    await lab.until_ready()

    async def messages() -> set[str]:
        events = await lab.cluster.list(EVENT, namespace="shop")
        return {each["message"] for each in events if each["involvedObject"]["name"] == "web"}

    await lab.certificate("later")
    await lab.until_ready("later")
    assert "The certificate has been successfully issued" in await messages()
    assert "Issuing certificate as Secret does not exist" in await messages()


def test_an_rsa_key_whose_numbers_do_not_fit_is_refused() -> None:
    key = keys.new_key(KeyWanted("RSA", 2048, "PKCS1"))
    assert isinstance(key, rsa.RSAPrivateKey)
    der = bytearray(keys.to_der(key, "PKCS1"))
    der[200] ^= 1  # in the modulus
    body = base64.encodebytes(bytes(der))
    with pytest.raises(ValueError, match="do not fit together"):
        keys.from_pem(b"-----BEGIN RSA PRIVATE KEY-----\n" + body + b"-----END RSA PRIVATE KEY-----\n")


def test_keys_are_in_no_repr_and_no_error() -> None:
    key = keys.new_key(KeyWanted("ECDSA", 256, "PKCS8"))
    pem = keys.to_pem(key, "PKCS8")
    with pytest.raises(ValueError, match=r"^not a PEM private key$"):
        keys.from_pem(pem.replace(b"KEY", b"DOG"))
