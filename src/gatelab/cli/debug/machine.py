"""Facts of the machine for a support bundle."""

import importlib.metadata
import json
import os
import platform
import resource
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from gatelab import __version__
from gatelab.node.claims import privileged_shift
from gatelab.node.place import LabPlace

_SETTINGS = (
    "kernel/apparmor_restrict_unprivileged_userns",
    "kernel/unprivileged_userns_clone",
    "net/ipv4/ip_unprivileged_port_start",
    "user/max_mnt_namespaces",
    "user/max_net_namespaces",
    "user/max_user_namespaces",
    "vm/overcommit_memory",
)
"""Of /proc/sys: what decides about namespaces and ports."""
_VARIABLES = ("GATELAB_NAME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "TMPDIR", "LANG", "PATH")


def files(place: LabPlace) -> Mapping[str, str]:
    """As JSON. Nothing of other programs but the ports that they listen on."""
    return {
        "versions.json": _json(_versions()),
        "permissions.json": _json(_permissions()),
        "resources.json": _json(_resources(place)),
        "listening.json": _json(_listening()),
    }


def _versions() -> dict[str, Any]:
    needed = importlib.metadata.requires("gatelab") or ()
    names = sorted({_name(each) for each in needed if "extra ==" not in each})
    return {
        "gatelab": __version__,
        "python": sys.version,
        "executable": sys.executable,
        "platform": platform.platform(),
        "libc": platform.libc_ver(),
        "os_release": _os_release(),
        "packages": {name: _version(name) for name in names},
    }


def _name(requirement: str) -> str:
    end = next((at for at, letter in enumerate(requirement) if letter not in "-_." and not letter.isalnum()), None)
    return requirement[:end]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _os_release() -> Mapping[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _permissions() -> dict[str, Any]:
    return {
        "uid": os.getuid(),
        "euid": os.geteuid(),
        "ports_below_1024": "permitted" if privileged_shift("127.0.0.1") == 0 else "not permitted",
        "namespaces": {each.name: _link(each) for each in sorted(Path("/proc/self/ns").iterdir())},
        "sys": {name: _read(Path("/proc/sys") / name) for name in _SETTINGS},
        "capabilities": [line for line in _read(Path("/proc/self/status")).splitlines() if line.startswith("Cap")],
        "in_container": Path("/.dockerenv").exists() or Path("/run/.containerenv").exists(),
    }


def _resources(place: LabPlace) -> dict[str, Any]:
    limits = {"open_files": resource.RLIMIT_NOFILE, "processes": resource.RLIMIT_NPROC, "stack": resource.RLIMIT_STACK}
    memory = psutil.virtual_memory()
    return {
        "cpus": os.cpu_count(),
        "cpus_usable": len(os.sched_getaffinity(0)),
        "load": os.getloadavg(),
        "memory_bytes": {"total": memory.total, "available": memory.available},
        "limits": {name: resource.getrlimit(which) for name, which in limits.items()},
        "disk_free_bytes": {
            str(folder): shutil.disk_usage(folder).free for folder in (place.state, place.run) if folder.exists()
        },
        "environment": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
    }


def _listening() -> list[dict[str, Any]]:
    try:
        connections = psutil.net_connections("inet")
    except psutil.Error:
        return []
    return [
        {"address": each.laddr.ip, "port": each.laddr.port, "pid": each.pid}
        for each in connections
        if each.laddr and each.status == psutil.CONN_LISTEN
    ]


def _link(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError as error:
        return error.strerror or str(error)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"
