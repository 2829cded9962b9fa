"""What a matrix changes in a cluster, and changes back: replicas behind the Service, the Gateway's load balancing."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatelab.cluster.port import Cluster
from gatelab.experiment.backends import deployments_behind
from gatelab.experiment.envoys.counting import GATEWAY_NAME, READY_PORT
from gatelab.experiment.errors import CouldNotRun
from gatelab.experiment.file import Experiment
from gatelab.experiment.replicas import replicas_before, scaled
from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT, GATEWAY, POD
from gatelab.kinds.conditions import condition
from gatelab.kinds.errors import AlreadyExists, ApiError, NotFound
from gatelab.kinds.names import shortened
from gatelab.kinds.objects import Key, Object

POLICY_KEY: Final = "loadBalancing.policy"
OWN_PREFIX: Final = "gatelab-experiment-"
"""Of the ConfigMaps that a matrix gives a Gateway for a while."""
PROGRAMMED_TIMEOUT_S: Final = 30.0
LOOK_EVERY_S: Final = 0.05


@dataclass(slots=True)
class Alterations:
    """`replicas` and `policy` change things; `undo` puts everything back as it was before the first change."""

    cluster: Cluster
    said: Callable[[str], None]
    _replicas: dict[Key, tuple[int, int]] = field(default_factory=dict)
    """Before the first change, and now, by Deployment."""
    _infrastructure: dict[Key, Mapping[str, Any] | None] = field(default_factory=dict)
    """`spec.infrastructure` as it was, by Gateway."""
    _policies: dict[Key, str] = field(default_factory=dict)
    _made: dict[Key, None] = field(default_factory=dict)
    """The ConfigMaps that were created."""

    async def replicas(self, experiment: Experiment, wanted: int) -> None:
        """Scales the one Deployment behind the Service. Raises CouldNotRun when it is not one, ApiError."""
        found = await deployments_behind(experiment, self.cluster)
        if len(found) != 1:
            names = ", ".join(str(each.metadata.key) for each in found) or "none"
            raise CouldNotRun(f"replicas: not one Deployment is behind Service {experiment.service}, but {names}")
        key = found[0].metadata.key
        before, now = self._replicas.get(key, (replicas_before(found[0]), found[0].spec.replicas))
        self._replicas[key] = (before, wanted)
        if now != wanted:
            await self.cluster.patch(DEPLOYMENT, key, scaled(wanted, before))

    async def policy(self, gateway: Key, wanted: str) -> None:
        """Gives a Gateway parameters that differ in the policy, and waits until its Envoys have them.

        Raises CouldNotRun where another controller serves it, or the policy is refused; ApiError.
        """
        if self._policies.get(gateway) == wanted:
            return
        await self._is_ours(gateway)
        found = await self.cluster.get(GATEWAY, gateway)
        if gateway not in self._infrastructure:
            self._infrastructure[gateway] = (found.get("spec") or {}).get("infrastructure")
        name = f"{OWN_PREFIX}{shortened(gateway.name)}-{wanted.replace('_', '-')}"
        await self._make(Key(gateway.namespace, name), {**await self._parameters(gateway), POLICY_KEY: wanted})
        reference = {"group": "", "kind": "ConfigMap", "name": name}
        patch = {"spec": {"infrastructure": {"parametersRef": reference}}}
        changed = await self.cluster.patch(GATEWAY, gateway, patch)
        await self._programmed(gateway, int(changed["metadata"].get("generation", 0)), wanted)
        self._policies[gateway] = wanted

    async def undo(self) -> tuple[str, ...]:
        """What could not be put back, for people. Never raises an ApiError."""
        failed = [*await self._undo_replicas(), *await self._undo_policies()]
        self._replicas.clear()
        self._infrastructure.clear()
        self._policies.clear()
        self._made.clear()
        return tuple(failed)

    async def _undo_replicas(self) -> list[str]:
        failed = []
        for key, (before, now) in self._replicas.items():
            if before != now:
                self.said(f"Deployment {key} gets its {before} replicas back")
                failed += await self._try(
                    f"Deployment {key} keeps {now} replicas, it had {before}",
                    self.cluster.patch(DEPLOYMENT, key, scaled(before, before)),
                )
        return failed

    async def _undo_policies(self) -> list[str]:
        failed = []
        for gateway, before in self._infrastructure.items():
            self.said(f"Gateway {gateway} gets its parameters back")
            infrastructure = None if before is None else {"parametersRef": before.get("parametersRef")}
            failed += await self._try(
                f"Gateway {gateway} keeps the parameters of the experiment",
                self.cluster.patch(GATEWAY, gateway, {"spec": {"infrastructure": infrastructure}}),
            )
        for key in self._made:
            failed += await self._try(f"ConfigMap {key} is left over", self.cluster.delete(CONFIG_MAP, key))
        return failed

    async def _try(self, otherwise: str, doing: Any) -> list[str]:
        try:
            await doing
        except NotFound:
            return []
        except ApiError as error:
            return [f"{otherwise}: {error.message}"]
        return []

    async def _is_ours(self, gateway: Key) -> None:
        """Envoys of gatelab's controller have a port of that name; others do not know its parameters."""
        labels = f"{GATEWAY_NAME}={shortened(gateway.name)}"
        pods = await self.cluster.list(POD, namespace=gateway.namespace, labels=labels)
        if not any(_has_ready_port(pod) for pod in pods):
            raise CouldNotRun(
                f"policy: Gateway {gateway} is served by another controller than gatelab's, whose load balancing "
                "cannot be changed from here: leave the axis policy out"
            )

    async def _parameters(self, gateway: Key) -> Mapping[str, str]:
        """What the Gateway was told before."""
        before = self._infrastructure[gateway]
        reference = (before or {}).get("parametersRef")
        if not reference:
            return {}
        name = str(reference.get("name"))
        if name.startswith(OWN_PREFIX):
            raise CouldNotRun(
                f"policy: Gateway {gateway} has parameters of an experiment that did not end in order, or still runs: "
                f"put spec.infrastructure.parametersRef back as it was, and delete ConfigMap {name}"
            )
        try:
            found = await self.cluster.get(CONFIG_MAP, Key(gateway.namespace, name))
        except NotFound:
            return {}
        data: Mapping[str, str] = found.get("data") or {}
        return data

    async def _make(self, key: Key, data: Mapping[str, str]) -> None:
        metadata = {"namespace": key.namespace, "name": key.name}
        try:
            await self.cluster.create(CONFIG_MAP, {"metadata": metadata, "data": dict(data)})
        except AlreadyExists:
            await self.cluster.update(CONFIG_MAP, {"metadata": metadata, "data": dict(data)})
        self._made[key] = None

    async def _programmed(self, gateway: Key, generation: int, policy: str) -> None:
        end = time.monotonic() + PROGRAMMED_TIMEOUT_S
        while True:
            found = await self.cluster.get(GATEWAY, gateway)
            accepted, programmed = (_condition(found, type_, generation) for type_ in ("Accepted", "Programmed"))
            if accepted.get("status") == "False":
                raise CouldNotRun(f"policy {policy}: Gateway {gateway} refuses it: {accepted.get('message', '')}")
            if accepted and programmed.get("status") == "True":
                return
            if time.monotonic() > end:
                said = programmed.get("message") or "its status says nothing of the change"
                raise CouldNotRun(
                    f"policy {policy}: Gateway {gateway} is not programmed after {PROGRAMMED_TIMEOUT_S:g} s: {said}"
                )
            await asyncio.sleep(LOOK_EVERY_S)


def _condition(gateway: Object, type_: str, generation: int) -> Mapping[str, Any]:
    """Empty unless it speaks of this generation."""
    found = condition((gateway.get("status") or {}).get("conditions") or (), type_) or {}
    return found if found.get("observedGeneration", 0) >= generation else {}


def _has_ready_port(pod: Object) -> bool:
    containers = (pod.get("spec") or {}).get("containers") or ()
    return any(port.get("name") == READY_PORT for each in containers for port in each.get("ports") or ())
