"""What a built-in image reads of this machine: the interpreter, and gatelab itself.

In a real image these lie where no volume is mounted. Here a volume at /root or /opt may hide them, so they are shown
again, inside of it.
"""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from gatelab.node.keeper.client import Mount

_PACKAGE = Path(__file__).resolve().parents[3]


def shown_again(mounts: Sequence[Mount]) -> tuple[Mount, ...]:
    """The mounts that bring back what `mounts` hide."""
    targets = [Path(each.target).resolve() for each in mounts]
    return tuple(
        Mount(folder, folder)
        for folder in own_folders()
        if any(Path(folder).is_relative_to(target) for target in targets if str(target) != folder)
    )


@cache
def own_folders() -> tuple[str, ...]:
    """Folders, none within another."""
    found = sorted({Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), _PACKAGE})
    return tuple(
        str(folder) for folder in found if not any(folder.is_relative_to(other) for other in found if other != folder)
    )
