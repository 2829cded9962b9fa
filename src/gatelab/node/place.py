"""Where a lab keeps its files: the state folder, kept from one run to the next, and the run folder, which is not."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from gatelab.node.errors import LabError

_NAME = re.compile(r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")
_SOCKET_PATH_LIMIT = 107
"""`sun_path` of a Unix socket has 108 bytes with its terminating zero (unix(7))."""
_LONGEST_SOCKET = "envoy-00000000-0000-0000-0000-000000000000"
"""The admin socket of a Gateway's Envoy: its pod's uid is in the name."""


@dataclass(frozen=True, slots=True)
class LabPlace:
    """The folders of the lab called `name`, and every file in them that more than one part knows."""

    name: str
    state: Path
    run: Path

    @classmethod
    def named(cls, name: str) -> "LabPlace":
        """`$XDG_STATE_HOME/gatelab/<name>` and a folder below `$XDG_RUNTIME_DIR`, or the usual places instead.

        The run folder's name has a hash of the state folder's path in it: two labs of one name with different
        `$XDG_STATE_HOME` are two labs, and must not meet in each other's sockets.

        Raises LabError when the name could not be that of a folder and of a kubeconfig context.
        """
        if not _NAME.match(name):
            raise LabError(
                f"{name!r} cannot name a lab: use 1 to 32 lower-case letters, digits and '-', "
                "with a letter or digit at both ends"
            )
        state = _state_home() / "gatelab" / name
        return cls(name, state, _run_home(state))

    @staticmethod
    def names() -> list[str]:
        """The labs that have a state folder, running or not."""
        return sorted(each.name for each in (_state_home() / "gatelab").glob("*") if _NAME.match(each.name))

    def make(self) -> None:
        """Makes both folders, for the owner only (0700), and those below that are always there."""
        for folder in (self.state, self.run, self.tls, self.pod_logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.state, self.run):
            if folder.stat().st_uid != os.getuid():
                raise LabError(f"{folder} belongs to another user; remove it or choose another --name")
            folder.chmod(0o700)

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite"

    @property
    def token(self) -> Path:
        return self.state / "token"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def tls(self) -> Path:
        return self.state / "tls"

    @property
    def ca_certificate(self) -> Path:
        return self.tls / "ca.crt"

    @property
    def ca_key(self) -> Path:
        return self.tls / "ca.key"

    @property
    def api_certificate(self) -> Path:
        return self.tls / "api.crt"

    @property
    def api_key(self) -> Path:
        return self.tls / "api.key"

    @property
    def lock(self) -> Path:
        """Held (flock) by the agent and its keeper: free means that no process of the lab is left."""
        return self.state / "lock"

    @property
    def settings(self) -> Path:
        """What a lab remembers from one run to the next: its ports and its part of 127.0.0.0/8."""
        return self.state / "settings.json"

    @property
    def lab_file(self) -> Path:
        """`lab.json`: there while the lab is ready."""
        return self.state / "lab.json"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def pod_logs(self) -> Path:
        return self.logs / "pods"

    @property
    def pod_content(self) -> Path:
        """Files of volumes that the API says, Secrets among them: in memory where the run folder is."""
        return self.run / "pods"

    @property
    def pod_disk(self) -> Path:
        """The emptyDir volumes."""
        return self.state / "pods"

    @property
    def agent_log(self) -> Path:
        return self.logs / "agent.log"

    @property
    def controlplane_log(self) -> Path:
        return self.logs / "controlplane.log"

    @property
    def service_proxy_log(self) -> Path:
        return self.logs / "service-proxy.log"

    @property
    def xds_socket(self) -> Path:
        """The control plane's xDS, for the Envoys of Gateways."""
        return self.run / "xds.sock"

    @property
    def node_xds_socket(self) -> Path:
        """The agent's xDS, for the Envoy that serves Services."""
        return self.run / "node-xds.sock"

    @property
    def agent_socket(self) -> Path:
        """Where the agent answers the API server's `nodes/proxy`."""
        return self.run / "agent.sock"

    @property
    def node_admin_socket(self) -> Path:
        return self.run / "node-admin.sock"


def _state_home() -> Path:
    configured = os.environ.get("XDG_STATE_HOME")
    return Path(configured) if configured else Path.home() / ".local" / "state"


def _run_home(state: Path) -> Path:
    name = f"{state.name}-{hashlib.sha256(str(state.absolute()).encode()).hexdigest()[:8]}"
    configured = os.environ.get("XDG_RUNTIME_DIR")
    if configured:
        folder = Path(configured) / "gatelab" / name
        if len(str(folder / _LONGEST_SOCKET)) <= _SOCKET_PATH_LIMIT:
            return folder
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"gatelab-{os.getuid()}" / name
    if len(str(folder / _LONGEST_SOCKET)) <= _SOCKET_PATH_LIMIT:
        return folder
    return Path("/tmp") / f"gatelab-{os.getuid()}" / name  # a long $TMPDIR has no room for sockets
