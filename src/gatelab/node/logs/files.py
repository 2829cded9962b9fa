"""Where the log of a container is. A file that is full is moved aside as `<restart count>.log.1`, that one as .2."""

import shutil
from pathlib import Path

from gatelab.telemetry.log_file import all_files

KEPT_RUNS = 2
"""The log of the present run of a container, and that of the one before for `kubectl logs --previous`."""


def pod_folder(root: Path, namespace: str, pod: str, uid: str) -> Path:
    """Names of namespaces and pods have no underscore, so the folder's name is theirs alone."""
    return root / f"{namespace}_{pod}_{uid}"


def newest_pod_folder(root: Path, namespace: str, pod: str) -> Path | None:
    """The folder of the pod that has, or last had, the name."""
    found = list(root.glob(f"{namespace}_{pod}_*"))
    return max(found, key=lambda folder: folder.stat().st_mtime_ns, default=None)


def runs(container_folder: Path) -> list[int]:
    """The restart counts of which there is a log, in order."""
    stems = (path.stem for path in container_folder.glob("*.log"))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def log_file(container_folder: Path, run: int) -> Path:
    return container_folder / f"{run}.log"


def forget_old_runs(container_folder: Path, present: int) -> None:
    """Removes what no reader can ask for any more."""
    for run in runs(container_folder):
        if run <= present - KEPT_RUNS:
            for each in all_files(log_file(container_folder, run)):
                each.unlink(missing_ok=True)


def forget_pod(root: Path, namespace: str, pod: str, uid: str) -> None:
    """Removes a deleted pod's logs."""
    shutil.rmtree(pod_folder(root, namespace, pod, uid), ignore_errors=True)
