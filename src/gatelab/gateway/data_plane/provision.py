"""Provisioning: makes the objects of a data plane be there as wanted. One writer, and it writes only what differs."""

import logging
from collections.abc import Container, Sequence
from typing import Any

from gatelab.cluster.port import Cluster
from gatelab.gateway.data_plane.drift import overlaid
from gatelab.gateway.data_plane.objects import GATEWAY_CLASS_NAME, data_plane
from gatelab.gateway.settings import DataPlaneSettings
from gatelab.gateway.snapshot import Snapshot
from gatelab.gateway.translate.outcome import GatewayOutcome
from gatelab.kinds.builtin import DEPLOYMENT, SERVICE, SERVICE_ACCOUNT
from gatelab.kinds.defaults import with_defaults
from gatelab.kinds.gatewayapi import Gateway
from gatelab.kinds.kind import Kind
from gatelab.kinds.names import shortened
from gatelab.kinds.objects import Key, Object, controller_of, is_being_deleted, key_of
from gatelab.reconcile import Mirrors

logger = logging.getLogger(__name__)

_KINDS = (DEPLOYMENT, SERVICE, SERVICE_ACCOUNT)
_BY_OWNER = "gateway: owner"


class Provisioner:
    """Creates what is missing and takes back drift. What bears the name but is not ours is left alone."""

    def __init__(self, cluster: Cluster, mirrors: Mirrors, settings: DataPlaneSettings) -> None:
        self._cluster = cluster
        self._mirrors = mirrors
        self._settings = settings
        for kind in _KINDS:
            mirrors.of(kind).add_index(_BY_OWNER, _owner_uid)

    async def provision(self, outcome: GatewayOutcome, key: Key, foreign: Container[str]) -> None:
        """Makes the Gateway's data plane be there. Nothing is made for a Gateway that is not accepted or is going.

        `foreign` are the classes of other controllers: what is there for one of these is left alone.
        Raises ApiError: Conflict or AlreadyExists when the mirror lags, and others.
        """
        if not outcome.is_accepted or outcome.gateway.metadata.deletion_timestamp is not None:
            return
        for kind, wanted in data_plane(outcome, key, self._settings):
            await self._ensure(kind, wanted, outcome)
        await self._remove(outcome.gateway.metadata.uid, key, foreign)

    async def give_up(self, gateway: Gateway, foreign: Container[str]) -> None:
        """Deletes what the Gateway, which is somebody else's now, has of us. `foreign` as of `provision`."""
        await self._remove(gateway.metadata.uid, None, foreign)

    async def _ensure(self, kind: Kind, wanted: dict[str, Any], outcome: GatewayOutcome) -> None:
        owner_uid, says_replicas = outcome.gateway.metadata.uid, outcome.parameters.replicas is not None
        present = self._mirrors.of(kind).get(key_of(wanted))
        if present is None:
            logger.info("creating %s %s", kind.name, key_of(wanted))
            await self._cluster.create(kind, with_defaults(kind, wanted))
            return
        if not is_owned(present, owner_uid) or is_being_deleted(present):
            return
        if kind is DEPLOYMENT and not says_replicas:
            wanted = _without_replicas(wanted)
        corrected = overlaid(present, wanted)
        if kind is DEPLOYMENT:
            corrected = _with_resources_of(wanted, corrected)
        if kind is SERVICE:
            corrected = _with_address_of(wanted, corrected)
        if corrected != present:
            logger.info("updating %s %s", kind.name, key_of(wanted))
            await self._cluster.update(kind, corrected)

    async def _remove(self, owner_uid: str, key: Key | None, foreign: Container[str]) -> None:
        """A Gateway that changes its class changes the names; two data planes would fight over one configuration."""
        for kind in _KINDS:
            for obj in self._mirrors.of(kind).by_index(_BY_OWNER, owner_uid):
                made_for = (obj["metadata"].get("labels") or {}).get(GATEWAY_CLASS_NAME)
                is_ours = made_for is not None and made_for not in foreign
                if is_ours and key_of(obj) != key and not is_being_deleted(obj):
                    logger.info("deleting %s %s", kind.name, key_of(obj))
                    await self._cluster.delete(kind, key_of(obj), uid=obj["metadata"]["uid"])


def foreign_classes(snapshot: Snapshot, controller_names: Container[str]) -> frozenset[str]:
    """The classes of other controllers, as labels of a data plane name them."""
    return frozenset(
        shortened(name)
        for name, each in snapshot.gateway_classes.items()
        if each.spec.controller_name not in controller_names
    )


def handed_over(snapshot: Snapshot, foreign: Container[str]) -> tuple[Gateway, ...]:
    """The Gateways of these classes. One of a class that is not there is nobody's: what it had goes on."""
    return tuple(
        each for _, each in sorted(snapshot.gateways.items()) if shortened(each.spec.gateway_class_name) in foreign
    )


def is_owned(obj: Object, owner_uid: str) -> bool:
    """Whether the object is of the data plane of the Gateway with that uid."""
    owner = controller_of(obj)
    return owner is not None and owner.get("uid") == owner_uid


def _owner_uid(obj: Object) -> Sequence[str]:
    owner = controller_of(obj)
    return (owner.get("uid", ""),) if owner is not None else ()


def _without_replicas(deployment: dict[str, Any]) -> dict[str, Any]:
    """How many Envoys there are is for people to say, once the first one is there, unless the parameters say it."""
    spec = {name: value for name, value in deployment["spec"].items() if name != "replicas"}
    return {**deployment, "spec": spec}


def _with_resources_of(wanted: dict[str, Any], deployment: dict[str, Any]) -> dict[str, Any]:
    """Resources are ours as a whole: a limit that the parameters no longer name goes."""
    resources = {each["name"]: each["resources"] for each in wanted["spec"]["template"]["spec"]["containers"]}
    template = deployment["spec"]["template"]
    containers = [
        {**each, "resources": resources[each["name"]]} if each["name"] in resources else each
        for each in template["spec"]["containers"]
    ]
    changed = {**template, "spec": {**template["spec"], "containers": containers}}
    return {**deployment, "spec": {**deployment["spec"], "template": changed}}


def _with_address_of(wanted: dict[str, Any], service: dict[str, Any]) -> dict[str, Any]:
    """An address that the Gateway asks for no longer would keep the Service waiting for it."""
    spec = {name: value for name, value in service["spec"].items() if name != "loadBalancerIP"}
    return {**service, "spec": spec | {name: v for name, v in wanted["spec"].items() if name == "loadBalancerIP"}}
