"""Carries out what a pod's probes and hooks ask for. Every one ends with an outcome and never raises."""

import asyncio
import itertools
from collections.abc import Sequence

from gatelab.kinds.pods import Container, HttpGetAction, LifecycleHandler
from gatelab.node.http_requests import NotHttp, get, url_of
from gatelab.node.keeper.client import Keeper
from gatelab.node.pods.commands import Result, run_command
from gatelab.node.pods.events import HookKind, ProbeKind
from gatelab.node.pods.probes import Outcome
from gatelab.node.pods.programs import Programs
from gatelab.node.probing import port_of, probe

_HTTP_HOOK_S = 30.0


class Actions:
    """Probes and hooks of one pod."""

    def __init__(self, address: str, keeper: Keeper, programs: Programs) -> None:
        self._address = address
        self._keeper = keeper
        self._programs = programs
        self._numbers = itertools.count()

    async def probe(self, container: Container, kind: ProbeKind) -> Outcome:
        """One probe."""
        specs = {
            "startup": container.startup_probe,
            "readiness": container.readiness_probe,
            "liveness": container.liveness_probe,
        }
        spec = specs[kind]
        assert spec is not None, "only probes of the spec are sent"
        if spec.exec is None:
            return await probe(container, spec, self._address)
        result = await self._run(container, spec.exec.command, kind, max(1, spec.timeout_seconds))
        if result.exit_code == 0:
            return Outcome(True)
        return Outcome(False, result.problem or result.output or f"the command exited with code {result.exit_code}")

    async def hook(self, container: Container, hook: HookKind) -> Outcome:
        """A lifecycle hook. What a command wrote is not in the message, which goes into Events: it may be secret."""
        hooks = container.lifecycle
        handler = (hooks.post_start if hook == "postStart" else hooks.pre_stop) if hooks else None
        assert handler is not None, "only hooks of the spec are run"
        if handler.exec:
            result = await self._run(container, handler.exec.command, hook, None)
            return Outcome(result.exit_code == 0, result.problem or f"the command exited with code {result.exit_code}")
        return await self._request(container, handler)

    async def _request(self, container: Container, handler: LifecycleHandler) -> Outcome:
        if handler.http_get is None:
            return Outcome(False, "the hook has no handler: give it exec, httpGet or sleep")
        try:
            async with asyncio.timeout(_HTTP_HOOK_S):
                return await self._get(container, handler.http_get)
        except TimeoutError:
            return Outcome(False, f"no answer within {_HTTP_HOOK_S:.0f}s")
        except (OSError, NotHttp) as error:
            return Outcome(False, str(error))

    async def _get(self, container: Container, action: HttpGetAction) -> Outcome:
        """Any answer is a success, whatever its code, as with the kubelet."""
        port = port_of(container, action.port)
        if port is None:
            return Outcome(False, f"container {container.name} has no port named {action.port!r}")
        await get(url_of(action, self._address, port), action.http_headers, agent="kube-lifecycle")
        return Outcome(True)

    async def _run(self, container: Container, command: Sequence[str], what: str, timeout_s: float | None) -> Result:
        running = self._programs.running(container.name)
        if running is None:
            return Result(None, problem="the container has ended")
        id_ = f"{running.id}/{what}/{next(self._numbers)}"
        program = running.program
        return await run_command(self._keeper, id_, command, program, inside=running.id, timeout_s=timeout_s)
