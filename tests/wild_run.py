"""A lab that is given absurd Gateways, routes and policies, beside Gateways of which nobody may lose a request."""

import base64
import http.client
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from absurd_gateways import absurd
from absurd_surroundings import NAMESPACE, surroundings
from absurd_values import Whim
from golden_cases import certificate_pair
from lab_requests import Answer, LabApi
from mixed_traffic import MixedTraffic, Target
from running_lab import Lab, print_logs, start_lab, stop_lab

APPLY = "application/apply-patch+yaml"
GROUP = "/apis/gateway.networking.k8s.io/v1"
OURS = "gatelab"
INNOCENTS = Path(__file__).parent / "e2e" / "zero_loss.yaml"
_OPEN = {"namespaces": {"from": "All"}}


@dataclass
class WildRun:
    """The lab, its API, and how its answers were: by status code, and those with 5xx."""

    lab: Lab
    folder: Path
    api: LabApi
    traffic: list[MixedTraffic]
    codes: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def apply(self, path: str, obj: dict[str, Any], *, namespace: str = NAMESPACE) -> Answer:
        """As `kubectl apply --server-side --force-conflicts` does."""
        answer = self.api("PATCH", f"{path}?fieldManager=wild&force=true", obj, content_type=APPLY)
        return self._noted(answer, obj)

    def step(self, random: Whim) -> None:
        """One object more, or one less."""
        path, obj = absurd(random)
        if random.random() < 0.12:
            self._noted(self.api("DELETE", path), path)
        else:
            self.apply(path, obj)

    def _noted(self, answer: Answer, asked: object) -> Answer:
        self.codes[answer.code] += 1
        if answer.code >= 500:
            self.faults.append(f"{answer.code} {answer.body} to {asked}")
        return answer

    def objects(self, plural: str) -> list[dict[str, Any]]:
        """All of a kind of the Gateway API."""
        return list(self.api("GET", f"{GROUP}/{plural}").body["items"])

    def envoys(self) -> list[Path]:
        """The admin sockets of the Gateways' Envoys."""
        run = Path(self.lab.environment["XDG_RUNTIME_DIR"])
        return sorted(path for path in run.rglob("envoy-*") if path.is_socket() and _answers(path))


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            return False
    return True


class _Admin(http.client.HTTPConnection):
    """To a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("admin", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def admin(path: Path, page: str) -> str:
    """A page of an Envoy's admin interface."""
    asking = _Admin(path)
    try:
        asking.request("GET", page)
        return asking.getresponse().read().decode()
    finally:
        asking.close()


@contextmanager
def wild_run(folder: Path) -> Iterator[WildRun]:
    """During the block; two Gateways of others are called all the time, of which one lets everybody's routes in."""
    lab = start_lab(folder, "wild")
    try:
        api = LabApi(Path(lab.environment["KUBECONFIG"]))
        targets = [_innocent(lab, api, "default", is_open=True), _innocent(lab, api, "quiet", is_open=False)]
        with ExitStack() as stack:
            traffic = [stack.enter_context(MixedTraffic(each, connections=1, every_s=0.1)) for each in targets]
            running = WildRun(lab, folder, api, traffic)
            lab.kubectl("create", "namespace", NAMESPACE)
            for path, obj in surroundings():
                assert running.apply(path, obj).code in (200, 201), obj
            yield running
    finally:
        stop_lab(lab)
        print_logs(folder)


def _innocent(lab: Lab, api: LabApi, namespace: str, *, is_open: bool) -> Target:
    if namespace != "default":
        lab.kubectl("create", "namespace", namespace)
    chain, key = (base64.b64encode(each).decode() for each in certificate_pair())
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "front"},
        "data": {"tls.crt": chain, "tls.key": key},
    }
    objects = [secret, *yaml.safe_load_all(INNOCENTS.read_text())]
    for each in objects:
        if each["kind"] == "Gateway":
            _admit(each["spec"], is_open)
        if each["kind"] == "Deployment":
            each["spec"]["replicas"] = 1
    manifest = Path(lab.environment["XDG_STATE_HOME"]) / f"{namespace}.yaml"
    manifest.write_text(yaml.safe_dump_all(objects))
    lab.kubectl("-n", namespace, "apply", "-f", str(manifest))
    lab.kubectl("-n", namespace, "wait", "gateway/front", "--for=condition=Programmed", "--timeout=30s")
    for name in ("calls", "pages"):
        lab.kubectl("-n", namespace, "rollout", "status", f"deployment/{name}", "--timeout=30s")
    status = api("GET", f"{GROUP}/namespaces/{namespace}/gateways/front").body["status"]
    return Target(status["addresses"][0]["value"], tls_port=8443, plain_port=8080)


def _admit(spec: dict[str, Any], is_open: bool) -> None:
    """The listeners have the hostnames that are called: no other listener can be more specific."""
    for listener, hostname in zip(spec["listeners"], ("pages.test", "calls.test"), strict=True):
        listener["hostname"] = hostname
    if is_open:
        spec["allowedListeners"] = _OPEN
        spec["listeners"] += [
            {"name": "open", "port": 8080, "protocol": "HTTP", "allowedRoutes": _OPEN},
            {
                "name": "open-tls",
                "port": 8443,
                "protocol": "HTTPS",
                "hostname": "*.wild.test",
                "allowedRoutes": _OPEN,
                "tls": {"certificateRefs": [{"name": "front"}]},
            },
        ]
