"""`gatelab down`: ends a lab."""

import os
import select
import shutil
import signal
import time

import click

from gatelab.cli.labs import fail, name_option, place_of
from gatelab.node.claims import holder, is_held
from gatelab.node.errors import LabError, LabIsNotRunning
from gatelab.node.place import LabPlace

_GRACE_S = 8.0
_KEEPER_S = 3.0
_EVERY_S = 0.01


@click.command()
@name_option
@click.option("--purge", is_flag=True, help="Also delete the lab's state: objects, logs, certificates, kubeconfig.")
def down(name: str, purge: bool) -> None:
    """Stop a lab and everything that runs in it.

    Its objects are kept, and come back with the next `gatelab up`, unless --purge is given.
    """
    place = place_of(name)
    try:
        was_running = stop(place)
    except LabError as error:
        fail(error)
    if purge:
        shutil.rmtree(place.state, ignore_errors=True)
    if was_running:
        kept = "and its state is deleted" if purge else f"and its state is kept in {place.state}"
        click.echo(f"the lab {name!r} has ended, {kept}", err=True)
    elif purge:
        click.echo(f"the lab {name!r} was not running; its state is deleted", err=True)
    else:
        fail(LabIsNotRunning(f"the lab {name!r} is not running"))


def stop(place: LabPlace) -> bool:
    """Stops the lab and waits until nothing of it is left. False when it was not running. Raises LabError."""
    pid = holder(place.lock)
    if pid is None:
        return False
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        handle = None
    if handle is not None:
        try:
            # The lock is looked at again, now that the number cannot become another process's.
            if holder(place.lock) == pid:
                end_process(handle)
        finally:
            os.close(handle)
    deadline = time.monotonic() + _KEEPER_S
    while is_held(place.lock):
        if time.monotonic() > deadline:
            raise LabError(f"processes of the lab {place.name!r} are still there (pid {pid}); try again, or kill them")
        time.sleep(_EVERY_S)
    shutil.rmtree(place.run, ignore_errors=True)
    place.lab_file.unlink(missing_ok=True)
    return True


def end_process(handle: int) -> None:
    """Ends the process of a pidfd: SIGTERM, and SIGKILL when that is not enough: the keeper does the rest."""
    for number, timeout_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, 1.0)):
        try:
            signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        if select.select([handle], [], [], timeout_s)[0]:
            return
