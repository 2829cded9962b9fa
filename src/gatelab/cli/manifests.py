"""`kubectl apply` of an experiment's manifests."""

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gatelab.cli.kubectl import kubectl_binary
from gatelab.experiment.errors import CouldNotRun

APPLY_TIMEOUT_S = 120


async def apply_manifests(file: Path, manifests: Sequence[Path], context: str | None = None) -> None:
    """`kubectl apply` of all manifests at once, on a context of a kubeconfig.

    Raises CouldNotRun with kubectl's words, LabError without a kubectl.
    """
    on = ("--context", context) if context is not None else ()
    arguments = [part for manifest in manifests for part in ("-f", str(manifest))]
    # kubectl's cache of discovery would outlive the lab whose port it is about.
    with tempfile.TemporaryDirectory(prefix="gatelab-kubectl-") as cache:
        process = await asyncio.create_subprocess_exec(
            *(str(kubectl_binary()), "--cache-dir", cache, *on, "apply", *arguments),
            env={**os.environ, "KUBECONFIG": str(file)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(APPLY_TIMEOUT_S):
                output, _ = await process.communicate()
        except TimeoutError:
            raise CouldNotRun(f"kubectl apply did not end within {APPLY_TIMEOUT_S} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if process.returncode != 0:
        raise CouldNotRun(f"kubectl apply failed:\n{output.decode(errors='replace').rstrip()}")
