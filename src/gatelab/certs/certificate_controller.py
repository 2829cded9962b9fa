"""Certificates: issued into their Secret when what is there does not do, and again in time or on demand."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from gatelab.certs import decision, keys, signing
from gatelab.certs.authority import authority_of
from gatelab.certs.decision import GROUP, Cause, KeyPair
from gatelab.certs.problem import Problem
from gatelab.certs.references import (
    BY_ISSUER,
    BY_SECRET,
    ISSUER_KINDS,
    issuer_of_certificate,
    issuer_value,
    secret_of_certificate,
)
from gatelab.certs.secret import filled
from gatelab.certs.signing import Authority
from gatelab.certs.status import is_renewal_asked, status_when_done, status_when_waiting
from gatelab.certs.views import IssuerRef
from gatelab.certs.wanted import Wanted, wanted_by
from gatelab.cluster.port import Cluster
from gatelab.kinds.builtin import CERTIFICATE, CLUSTER_ISSUER, ISSUER, SECRET
from gatelab.kinds.errors import Conflict, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key, Object, is_being_deleted, key_of
from gatelab.reconcile import Mirrors, Recorder, Watches
from gatelab.reconcile.status import merge_patch

_LONGEST_WAIT_S = 3600.0
"""Clocks are set now and then; a renewal months ahead is looked at every hour."""
_STATUS_ATTEMPTS = 5


class CertificateController:
    """Keeps every Certificate's Secret and status."""

    name = "certificates"

    def __init__(self, cluster: Cluster, clock: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._recorder = Recorder(cluster, "cert-manager-certificates-issuing")
        self._mirrors = Mirrors(())

    def watches(self) -> Sequence[Watches]:
        return (
            Watches(CERTIFICATE, self._sharing_secret),
            Watches(SECRET, self._of_secret),
            Watches(ISSUER, lambda issuer: self._of_issuer(ISSUER, issuer)),
            Watches(CLUSTER_ISSUER, lambda issuer: self._of_issuer(CLUSTER_ISSUER, issuer)),
        )

    async def start(self, mirrors: Mirrors) -> None:
        self._mirrors = mirrors
        mirrors.of(CERTIFICATE).add_index(BY_SECRET, secret_of_certificate)
        mirrors.of(CERTIFICATE).add_index(BY_ISSUER, issuer_of_certificate)

    async def reconcile(self, key: Key) -> float | None:
        certificate = self._mirrors.of(CERTIFICATE).get(key)
        if certificate is None or is_being_deleted(certificate):
            return None
        try:
            wanted = wanted_by(certificate)
            self._check_owns_secret(certificate, wanted)
        except Problem as problem:
            await self._wait(certificate, None, None, problem)
            return None
        secret = self._mirrors.of(SECRET).get(Key(key.namespace, wanted.secret_name))
        if self._cause(certificate, wanted, secret) is not None or secret is None:
            return await self._issue(key)
        return await self._keep(certificate, wanted, secret, was_issued=False)

    def _cause(self, certificate: Object, wanted: Wanted, secret: Object | None) -> Cause | None:
        """Why the certificate is to be issued, if it is."""
        now = self._clock()
        if (cause := decision.unfit(wanted, secret, now)) is not None:
            return cause
        pair = decision.key_pair_in(secret)
        if isinstance(pair, KeyPair) and (cause := decision.due(wanted, pair.certificate, now)) is not None:
            return cause
        if is_renewal_asked(certificate):
            return Cause("ManuallyTriggered", "Certificate re-issuance manually triggered")
        return None

    async def _issue(self, key: Key) -> float | None:
        """Looks again at what is there, for the mirrors may lag behind our own last writes, and issues."""
        certificate = await self._cluster.get(CERTIFICATE, key)
        secret = await self._secret(certificate)
        wanted = None
        try:
            wanted = wanted_by(certificate)
            cause = self._cause(certificate, wanted, secret)
            if cause is None and secret is not None:
                return await self._keep(certificate, wanted, secret, was_issued=False)
            authority = self._authority(wanted.issuer, key.namespace)
            private = await _key_for(wanted, secret)
        except Problem as problem:
            await self._wait(certificate, wanted, secret, problem)
            return None
        issued = signing.issue(wanted, private, authority, self._clock())
        secret = await self._write_secret(secret, filled(secret, certificate, wanted, private, issued))
        again_s = await self._keep(certificate, wanted, secret, was_issued=True)
        await self._tell(certificate, cause, wanted, authority)
        return again_s

    async def _tell(
        self, certificate: Object, cause: Cause | None, wanted: Wanted, authority: Authority | None
    ) -> None:
        if cause is not None:
            await self._recorder.event(certificate, "Normal", "Issuing", cause.message)
        if authority is None and not list(wanted.subject):
            message = "Certificate is issued with an empty Issuer DN, which contravenes RFC 5280; set spec.commonName"
            await self._recorder.event(certificate, "Warning", "BadConfig", message)
        await self._recorder.event(certificate, "Normal", "Issuing", "The certificate has been successfully issued")

    async def _secret(self, certificate: Object) -> Object | None:
        name = (certificate.get("spec") or {}).get("secretName") or ""
        try:
            return await self._cluster.get(SECRET, Key(certificate["metadata"]["namespace"], name))
        except NotFound:
            return None

    async def _write_secret(self, present: Object | None, secret: dict[str, Any]) -> Object:
        if present is None:
            return await self._cluster.create(SECRET, secret)
        return await self._cluster.update(SECRET, secret)

    # What it depends on

    def _authority(self, reference: IssuerRef, namespace: str) -> Authority | None:
        kind = ISSUER_KINDS.get(reference.kind) if reference.group == GROUP else None
        if kind is None:
            message = f"spec.issuerRef: {reference.kind}.{reference.group} is not Issuer or ClusterIssuer of {GROUP}"
            raise Problem("IssuerNotFound", message)
        issuer = self._mirrors.of(kind).get(Key(namespace if kind.namespaced else "", reference.name))
        named = f'Referenced {kind.name} "{reference.name}"'
        if issuer is None:
            raise Problem("IssuerNotFound", f"{named} does not exist; create it, or correct spec.issuerRef")
        try:
            return authority_of(issuer, self._mirrors.of(SECRET).get)
        except Problem as problem:
            raise Problem("IssuerNotReady", f"{named} is not ready: {problem.message}") from problem

    def _check_owns_secret(self, certificate: Object, wanted: Wanted) -> None:
        """Of Certificates that name one Secret the oldest has it; else they would overwrite each other for ever."""
        key = key_of(certificate)
        value = str(Key(key.namespace, wanted.secret_name))
        others = self._mirrors.of(CERTIFICATE).by_index(BY_SECRET, value)
        owner = min((certificate, *others), key=lambda each: (each["metadata"]["creationTimestamp"], key_of(each)))
        if key_of(owner) != key:
            other = f'Certificate "{key_of(owner).name}", which is older'
            message = f'spec.secretName: Secret "{wanted.secret_name}" belongs to {other}; choose another name'
            raise Problem("DuplicateSecretName", message)

    # Status

    async def _keep(self, certificate: Object, wanted: Wanted, secret: Object, *, was_issued: bool) -> float:
        now = self._clock()
        await self._write_status(
            certificate, lambda latest: status_when_done(latest, wanted, secret, now, was_issued=was_issued)
        )
        pair = decision.key_pair_in(secret)
        assert isinstance(pair, KeyPair)  # it was found good, or just made
        left = decision.renewal_time(wanted, pair.certificate) - now
        return min(max(left.total_seconds(), 0.0), _LONGEST_WAIT_S)

    async def _wait(self, certificate: Object, wanted: Wanted | None, secret: Object | None, problem: Problem) -> None:
        now = self._clock()
        unfit = decision.unfit(wanted, secret, now) if wanted is not None else None
        wrote = await self._write_status(
            certificate,
            lambda latest: status_when_waiting(latest, wanted, secret, problem, unfit=unfit, now=now),
        )
        if wrote:
            await self._recorder.event(certificate, "Warning", problem.reason, problem.message)

    async def _write_status(self, certificate: Object, status_of: Callable[[Object], dict[str, Any]]) -> bool:
        """Writes the status if it differs, and on the latest version: what was issued must be noted, or it is again.

        A list of conditions replaces the whole one here, for Issuing has to go.
        """
        for _ in range(_STATUS_ATTEMPTS):
            change = merge_patch(certificate.get("status") or {}, status_of(certificate))
            if not change:
                return False
            version = certificate["metadata"]["resourceVersion"]
            patch = {"metadata": {"resourceVersion": version}, "status": change}
            try:
                await self._cluster.patch(CERTIFICATE, key_of(certificate), patch, subresource="status")
            except Conflict:
                certificate = await self._cluster.get(CERTIFICATE, key_of(certificate))
            else:
                return True
        raise Conflict(f"Certificate {key_of(certificate)} changes faster than its status is written")

    # Whom a change concerns

    def _sharing_secret(self, certificate: Object) -> Iterable[Key]:
        others = [key for value in secret_of_certificate(certificate) for key in self._indexed(BY_SECRET, value)]
        return {key_of(certificate), *others}

    def _of_secret(self, secret: Object) -> Iterable[Key]:
        # A CA's Secret changes the status of its issuers, and that is looked at too.
        return self._indexed(BY_SECRET, str(key_of(secret)))

    def _of_issuer(self, kind: Kind, issuer: Object) -> Iterable[Key]:
        return self._indexed(BY_ISSUER, issuer_value(kind, key_of(issuer)))

    def _indexed(self, index: str, value: str) -> Iterable[Key]:
        return [key_of(each) for each in self._mirrors.of(CERTIFICATE).by_index(index, value)]


async def _key_for(wanted: Wanted, secret: Object | None) -> keys.Key:
    pair = decision.key_pair_in(secret)
    if wanted.rotates_key or not isinstance(pair, KeyPair):
        return await asyncio.to_thread(keys.new_key, wanted.key)
    if fields := keys.mismatches(pair.key, wanted.key):
        message = (
            "Existing private key in Secret does not match requirements on Certificate resource, mismatching fields: "
            f"[{' '.join(fields)}], and spec.privateKey.rotationPolicy is Never; set it to Always, or delete the Secret"
        )
        raise Problem("SecretMismatch", message)
    return pair.key
