"""The texts of `gatelab dns`, which can be put into place as they are: all that is not configuration is a comment."""

from collections.abc import Callable, Mapping, Sequence

from gatelab.cli.hosts_file import block
from gatelab.cli.names import HostLine

ZONES = ("test", "cluster.local")
"""The names that the lab's DNS answers for; what is neither a name nor an address of a lab it refuses."""


def text_of(form: str, *, lab: str, server: str, lines: Sequence[HostLine]) -> str:
    """One of the forms. `server` is `address:port`."""
    return _FORMS[form](lab, server, lines)


def zones_of(server: str) -> tuple[str, ...]:
    """The zones of the lab whose DNS is there: its names, and by PTR the addresses of its own range."""
    first, second, *_ = server.split(".")
    return (*ZONES, f"{second}.{first}.in-addr.arpa")


def _print(lab: str, server: str, lines: Sequence[HostLine]) -> str:
    address, _, port = server.rpartition(":")
    shown = [f"  {line.address:<16} {name}" for line in lines for name in line.names]
    head = (
        f"DNS of the lab {lab!r}: {server} (UDP and TCP), zones {', '.join(zones_of(server))}",
        f"  dig @{address} -p {port} NAME",
        f"  dig @{address} -p {port} -x ADDRESS",
        "",
        "Names that programs under `gatelab exec` know:",
    )
    return "\n".join((*head, *(shown or ["  none yet: apply manifests first"]))) + "\n"


def _systemd_resolved(lab: str, server: str, lines: Sequence[HostLine]) -> str:  # noqa: ARG001
    file = f"/etc/systemd/resolved.conf.d/gatelab-{lab}.conf"
    option = "" if lab == "gatelab" else f" --name {lab}"
    return f"""\
# The names of the lab {lab!r} by its DNS; all others as before. systemd 246 or newer. The address stays with the lab.
#   to do:   sudo mkdir -p /etc/systemd/resolved.conf.d
#            gatelab dns systemd-resolved{option} | sudo tee {file}
#            sudo systemctl restart systemd-resolved
#   to undo: sudo rm {file} && sudo systemctl restart systemd-resolved
[Resolve]
DNS={server}
Domains={" ".join(f"~{zone}" for zone in zones_of(server))}
"""


def _macos(lab: str, server: str, lines: Sequence[HostLine]) -> str:  # noqa: ARG001
    address, _, port = server.rpartition(":")
    files = [f"/etc/resolver/{zone}" for zone in zones_of(server)]
    written = "\n".join(f"sudo tee {file} >/dev/null <<'END'\nnameserver {address}\nport {port}\nEND" for file in files)
    return f"""\
# resolver(5) on macOS: a file per zone of the lab {lab!r}. The lab runs on Linux: {address} and the addresses of the
# names must be reachable from here, as through a tunnel into the machine that it runs in.
#   to undo: sudo rm {" ".join(files)}
sudo mkdir -p /etc/resolver
{written}
"""


def _hosts(lab: str, server: str, lines: Sequence[HostLine]) -> str:  # noqa: ARG001
    option = "" if lab == "gatelab" else f" --name {lab}"
    return f"""\
# The names of the lab {lab!r} as they are now; a hosts file has no wildcards and does not follow changes.
#   to do:   gatelab dns hosts{option} | sudo tee -a /etc/hosts
#   to undo: sudo sed -i '/^# The names of the lab .{lab}. as they are now/,/^# gatelab {lab}: end$/d' /etc/hosts
{block(lines, lab=lab)}"""


_FORMS: Mapping[str, Callable[[str, str, Sequence[HostLine]], str]] = {
    "print": _print,
    "systemd-resolved": _systemd_resolved,
    "macos": _macos,
    "hosts": _hosts,
}
