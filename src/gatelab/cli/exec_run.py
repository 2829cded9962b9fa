"""What `gatelab exec` does: files for a view of its own, an environment, and then this process becomes the program."""

import asyncio
import os
import shutil
import signal
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import click

from gatelab.cli.authorities import authorities
from gatelab.cli.exit_codes import NOT_EXECUTABLE, NOT_EXECUTED, NOT_FOUND
from gatelab.cli.hosts_file import resolver_order, with_lab
from gatelab.cli.lab_objects import TIMEOUT_S, list_all, unanswered
from gatelab.cli.labs import facts_of
from gatelab.cli.names import KINDS, HostLine, host_lines
from gatelab.cluster.remote import KubeconfigError, RemoteCluster
from gatelab.kinds.errors import ApiError
from gatelab.node.credentials import write_secret
from gatelab.node.errors import LabError
from gatelab.node.keeper.namespaces import enter_new
from gatelab.node.place import LabPlace

HOSTS = Path("/etc/hosts")
SWITCH = Path("/etc/nsswitch.conf")
SYSTEM_CAS = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Linux distributions keep them, for a Python whose OpenSSL looks elsewhere."""

TRUST = ("SSL_CERT_FILE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""Variables that replace a program's trusted CAs: Go and OpenSSL, gRPC, curl, Python's requests."""

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def run(place: LabPlace, command: Sequence[str], *, trust: bool) -> NoReturn:
    """Becomes the program: its exit code and the signals that it gets are its own, and no process is left beside it."""
    try:
        facts = facts_of(place)
        if "/" not in command[0] and shutil.which(command[0]) is None:
            _end(NOT_FOUND, f"there is no program {command[0]!r} on the PATH")
        lines, trusted = asyncio.run(_ask(place))
        environment = {**os.environ, **_environment(place, trusted, trust=trust), **_direct(lines)}
        _say_shift(facts["privileged_shift"])
        _enter(place, lines)
    except LabError as error:
        _end(NOT_EXECUTED, str(error))
    _become(command, environment)


async def _ask(place: LabPlace) -> tuple[list[HostLine], tuple[str, ...]]:
    try:
        async with asyncio.timeout(TIMEOUT_S), RemoteCluster.connect(place.kubeconfig) as cluster:
            return host_lines(await list_all(cluster, KINDS)), await authorities(cluster)
    except (KubeconfigError, ApiError, TimeoutError) as error:
        raise unanswered(error) from error


def _say_shift(shift: int) -> None:
    if shift:
        click.echo(f"ports below 1024 are not permitted here: what should be at 443 is at {443 + shift}", err=True)


def _environment(place: LabPlace, trusted: Sequence[str], *, trust: bool) -> Mapping[str, str]:
    found = {"KUBECONFIG": str(place.kubeconfig), "GATELAB_NAME": place.name}
    if not trusted:
        return found
    authority, bundle = place.run / "ca.crt", place.run / "ca-bundle.crt"
    text = "\n".join(trusted) + "\n"
    _write(authority, text)
    found["GATELAB_CA"] = str(authority)
    if trust:
        _write(bundle, f"{_system_cas()}\n{text}")
        found |= dict.fromkeys(TRUST, str(bundle)) | {"NODE_EXTRA_CA_CERTS": str(authority)}
    return found


def _direct(lines: Sequence[HostLine]) -> Mapping[str, str]:
    """The lab's names as exceptions from a proxy of the environment, which cannot reach them."""
    if not any(os.environ.get(name) or os.environ.get(name.lower()) for name in PROXIES):
        return {}
    present = os.environ.get("NO_PROXY") or os.environ.get("no_proxy")
    hosts = [host for line in lines for host in (line.address, *line.names)]
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join([*([present] if present else []), *hosts]))


def _write(file: Path, text: str) -> None:
    """Whole or not at all, though others write the same file now."""
    own = file.with_name(f"{file.name}.{os.getpid()}")
    write_secret(own, text.encode())
    own.replace(file)


def _system_cas() -> str:
    named = (os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths().cafile, *SYSTEM_CAS)
    for path in filter(None, named):
        try:
            return Path(path).read_text(encoding="ascii", errors="replace")
        except OSError:
            continue
    return ""


def _enter(place: LabPlace, lines: Sequence[HostLine]) -> None:
    """Moves into a mount namespace with the lab's hosts file. Raises LabError with the lines when that is refused."""
    folder = place.run / f"exec-{os.getpid()}"
    folder.mkdir(mode=0o700)
    try:
        enter_new(_mounts(folder, place, lines))
    except OSError as error:
        raise LabError(_refused(place, lines, error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what is mounted stays as long as the program sees it


def _mounts(folder: Path, place: LabPlace, lines: Sequence[HostLine]) -> list[tuple[str, str]]:
    contents = {HOSTS: with_lab(_read(HOSTS), lines, lab=place.name)}
    if SWITCH.exists():
        contents[SWITCH] = resolver_order(_read(SWITCH))
    for target, text in contents.items():
        (folder / target.name).write_text(text)
        (folder / target.name).chmod(0o644)
    return [(str(folder / target.name), str(target)) for target in contents]


def _read(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _refused(place: LabPlace, lines: Sequence[HostLine], error: OSError) -> str:
    shown = "\n".join(map(str, lines))
    said = error.strerror or str(error)
    return (
        f"{said}\nInstead, add these lines to /etc/hosts (`gatelab dns hosts --name {place.name}` says how) and run "
        f"the program by itself:\n\n{shown}"
    )


def _become(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, and what is ignored stays so over an exec
    try:
        os.execvpe(command[0], list(command), dict(environment))
    except FileNotFoundError as error:
        _end(NOT_FOUND, f"{command[0]} cannot be run: {error.strerror}")
    except OSError as error:
        _end(NOT_EXECUTABLE, f"{command[0]} cannot be run: {error.strerror}")


def _end(code: int, message: str) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    raise SystemExit(code)
