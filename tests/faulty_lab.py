"""A lab in which things go wrong, and beside them somebody whom that must not disturb."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml

from lab_requests import LabApi
from running_lab import Lab, print_logs, start_lab, stop_lab, wait_until
from steady_caller import SteadyCaller

NAMESPACE = "faults"
_PATHS = {
    "gateway": "/apis/gateway.networking.k8s.io/v1",
    "grpcroute": "/apis/gateway.networking.k8s.io/v1",
    "deployment": "/apis/apps/v1",
    "pod": "/api/v1",
}


@dataclass(frozen=True, slots=True)
class FaultyLab:
    """The lab, its state folder, its API, and the caller of the example in it."""

    lab: Lab
    folder: Path
    api: LabApi
    caller: SteadyCaller

    def apply(self, *objects: dict[str, Any]) -> None:
        """With kubectl."""
        manifest = self.folder / "faults.yaml"
        manifest.write_text(yaml.safe_dump_all(objects))
        self.lab.kubectl("apply", "-f", str(manifest))

    def process(self, part: str) -> psutil.Process:
        """The one process of the lab with `part` in its command line."""
        (found,) = [each for each in self.lab.processes() if part in " ".join(each.cmdline())]
        return found

    def status_says(self, kind: str, name: str, *words: str) -> None:
        """What `kubectl describe` would show, status and Events, has these words soon."""

        def is_said() -> bool:
            text = json.dumps([self.status(kind, name), self._events_of(name)], ensure_ascii=False)
            return all(each in text for each in words)

        wait_until(is_said, f"{kind} {name} says {words}")

    def status(self, kind: str, name: str) -> Any:
        """Of an object in the namespace of the faults."""
        answer = self.api("GET", f"{_PATHS[kind]}/namespaces/{NAMESPACE}/{kind}s/{name}")
        assert answer.code == 200, answer.body
        return answer.body.get("status")

    def _events_of(self, name: str) -> list[str]:
        selector = f"fieldSelector=involvedObject.name={name}"
        events = self.api("GET", f"/api/v1/namespaces/{NAMESPACE}/events?{selector}").body["items"]
        return [f"{each['reason']}: {each['message']}" for each in events]


@contextmanager
def faulty_lab(folder: Path, *, wrapper: Sequence[str] = (), has_mounts: bool = False) -> Iterator[FaultyLab]:
    """During the block, at the end of which the caller must have had all its answers.

    `has_mounts`: the wrapper gives it a mount namespace of its own.
    """
    lab = start_lab(folder, "faults", wrapper=wrapper)
    try:
        if has_mounts:
            lab.prefix = ("nsenter", "--mount", "--target", str(lab.process.pid))
        lab.apply_example()
        lab.kubectl("create", "namespace", NAMESPACE)
        with SteadyCaller(lab) as caller:
            yield FaultyLab(lab, folder, LabApi(of_lab(lab, Path(lab.environment["KUBECONFIG"]))), caller)
            caller.check()
    finally:
        stop_lab(lab)
        print_logs(folder)


def mounting(folder: Path, mount: str) -> list[str]:
    """A wrapper that gives a lab a mount namespace with `mount` (a shell command, `$0` is `folder`) done in it."""
    return ["unshare", "-m", "--propagation", "private", "sh", "-c", f'{mount} && exec "$@"', str(folder)]


def why_not_mounting() -> str:
    """Why no mount namespace can be had here, if so."""
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", "mount -t tmpfs -o size=64k none /tmp"],
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else f"no mount namespaces here: {done.stderr.strip()}"


def of_lab(lab: Lab, path: Path) -> Path:
    """A path as the lab sees it, from outside its mount namespace."""
    return Path(f"/proc/{lab.process.pid}/root{path.absolute()}")
