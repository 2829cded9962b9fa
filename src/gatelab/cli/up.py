"""`gatelab up`: starts a lab."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from gatelab.cli.exit_codes import COULD_NOT_RUN
from gatelab.cli.labs import fail, name_option, place_of
from gatelab.node.errors import LabError
from gatelab.node.place import LabPlace
from gatelab.node.preparation import Isolation, Preparation, prepare, process_start

Facts = dict[str, Any]
_CTRL_C = frozenset({signal.SIGINT})
LEVELS = ("debug", "info", "warning", "error")


@click.command()
@name_option
@click.option("-d", "--detach", is_flag=True, help="Return when the lab is ready; it goes on in the background.")
@click.option(
    "--images",
    type=click.Path(dir_okay=False, path_type=Path, exists=True),
    help="Programs for container images (YAML).  [default: $XDG_CONFIG_HOME/gatelab/images.yaml]",
)
@click.option(
    "--isolation",
    type=click.Choice(["none", "netns"]),
    default="none",
    show_default=True,
    help="netns: each pod in a network namespace of its own, so that it may bind 0.0.0.0. Needs root.",
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    help="From which on lines are logged.  [default: info; on the terminal: warning]",
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def up(name: str, detach: bool, images: Path | None, isolation: Isolation, log_level: str | None, format_: str) -> None:
    """Start a lab: an API server, controllers, and a node whose pods are processes.

    It runs until Ctrl-C, or with --detach until `gatelab down`. With --format json one line on stdout says where it is
    once it is ready. What it logs is in files, which `gatelab logs` reads; warnings are on the terminal as well.
    """
    from gatelab.node.images import default_images_file

    place = place_of(name)
    file = (images or default_images_file()).absolute()
    started = process_start()

    def show(facts: Facts) -> None:
        click.echo(json.dumps(facts) if format_ == "json" else _text(facts, detach))

    def begin() -> Preparation:
        with _files_of(place):
            return prepare(place, file, process_started=started, isolation=isolation, log_level=log_level or "info")

    _check(place, file)
    if detach:
        _detached(begin, place, log_level or "info", show)
    else:
        click.echo(f"starting the lab {name!r} ...", err=True)
        _run(begin, place, log_level, show)
        click.echo(f"the lab {name!r} has ended; its state is kept in {place.state}", err=True)


def _check(place: LabPlace, images: Path) -> None:
    """Ends the command when it is plain before anything has started that nothing will run."""
    try:
        if images.exists():
            from gatelab.node.images import read_images

            read_images(images)
        with _files_of(place):
            place.make()
    except LabError as error:
        fail(error)


@contextmanager
def _files_of(place: LabPlace) -> Iterator[None]:
    """Turns what the file system refuses, such as a folder that is read-only or a full disk, into a LabError."""
    try:
        yield
    except OSError as error:
        where = error.filename or place.state
        raise LabError(
            f"{where} cannot be written: {error.strerror}. A lab needs room in {place.state} ($XDG_STATE_HOME) and "
            f"{place.run} ($XDG_RUNTIME_DIR): set these to folders that you may write to"
        ) from error


def _run(
    begin: Callable[[], Preparation], place: LabPlace, level: str | None, announce: Callable[[Facts], None]
) -> None:
    try:
        lab = begin()
        from gatelab.node.supervisor import run_lab  # heavy, and imported while the control plane starts

        _log(place, level or "info", terminal=level or "warning")
        run_lab(lab, announce)
    except LabError as error:
        fail(error)


def _detached(begin: Callable[[], Preparation], place: LabPlace, level: str, show: Callable[[Facts], None]) -> None:
    """Forks the lab; the child says through a pipe how it went. Ctrl-C meanwhile ends it, wherever it is."""
    reader, writer = os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, _CTRL_C)  # until it is known whom it has to end
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
        os.close(reader)
        _daemon(begin, place, level, writer)
    os.close(writer)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _CTRL_C)
        with os.fdopen(reader, "rb") as said:
            line = said.readline()
    except KeyboardInterrupt:
        _end_child(child)
        click.echo("interrupted; the lab has been ended", err=True)
        raise
    message = json.loads(line) if line else {"error": f"the agent ended at once; see {place.agent_log}"}
    if "error" in message:
        fail(LabError(message["error"]))
    show(message)


def _end_child(child: int) -> None:
    """It has a session of its own, where Ctrl-C does not reach it."""
    from gatelab.cli.down import end_process

    handle = os.pidfd_open(child)  # ours and not waited for, so the number is still its own
    try:
        end_process(handle)
        os.waitpid(child, os.WNOHANG)
    finally:
        os.close(handle)


def _daemon(begin: Callable[[], Preparation], place: LabPlace, level: str, writer: int) -> NoReturn:
    """The lab in a session of its own, with its output in the agent's log."""
    os.setsid()
    _redirect(place.agent_log)
    said = os.fdopen(writer, "w")

    def tell(message: Facts) -> None:
        with said:
            said.write(json.dumps(message) + "\n")

    try:
        lab = begin()
        from gatelab.node.supervisor import run_lab

        _log(place, level)
        run_lab(lab, tell)
    except LabError as error:
        if not said.closed:
            tell({"error": str(error)})
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(COULD_NOT_RUN)
    os._exit(0)


def _redirect(log: Path) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(null)
    os.close(fd)


def _log(place: LabPlace, level: str, *, terminal: str | None = None) -> None:
    """Into the agent's log, and to the terminal from a level of its own on, where there is one."""
    from gatelab.node.credentials import secret_values
    from gatelab.telemetry.logs import log_to_file, log_to_terminal

    secrets = secret_values(place)
    with _files_of(place):
        log_to_file(place.agent_log, level, secrets=secrets, takes_output=terminal is None)
    if terminal is not None:
        log_to_terminal(terminal, secrets=secrets)


def _text(facts: Facts, detach: bool) -> str:
    name = "" if facts["name"] == "gatelab" else f" --name {facts['name']}"
    end = f"gatelab down{name}" if detach else f"Ctrl-C, or: gatelab down{name}"
    shift = facts["privileged_shift"]
    moved = f"\n  ports below 1024 are not permitted here: what should be at 443 is at {443 + shift}" if shift else ""
    return f"""\
The lab {facts["name"]!r} is ready after {facts["startup_s"]:.2f} s.

  export KUBECONFIG=$(gatelab kubeconfig{name})
  kubectl apply -f manifests.yaml         (or: gatelab kubectl ..., which needs no kubectl of your own)
  gatelab call ...; gatelab load ...; gatelab experiment run ...

  API {facts["api"]}, DNS {facts["dns"]}{moved}
  to end it: {end}"""
