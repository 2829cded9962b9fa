"""/etc/hosts and /etc/nsswitch.conf with a lab in them: text in, text out."""

import re
from collections.abc import Sequence

from gatelab.cli.names import HostLine

_HOSTS_ENTRY = re.compile(r"^(?P<start>[ \t]*hosts[ \t]*:)(?P<sources>[^#\n]*)", re.MULTILINE)


def block(lines: Sequence[HostLine], *, lab: str) -> str:
    """The lab's lines between two marks, by which they can be found and removed again."""
    return "\n".join((f"# gatelab {lab}: begin", *map(str, lines), f"# gatelab {lab}: end")) + "\n"


def with_lab(hosts: str, lines: Sequence[HostLine], *, lab: str) -> str:
    """The machine's hosts file with the lab's lines before it: the first line that has a name counts."""
    return block(lines, lab=lab) + hosts


def resolver_order(switch: str) -> str:
    """nsswitch.conf(5) with `files` before everything else that is asked for hosts.

    systemd's `resolve` would be asked first on many systems, and answers for good that a name under .test does not
    exist: it reads the machine's hosts file, not the one of this view.
    """

    def files_first(found: re.Match[str]) -> str:
        sources = found["sources"].split()
        kept = [each for at, each in enumerate(sources) if each != "files" and not _belongs_to_files(sources, at)]
        return f"{found['start']} {' '.join(['files', *kept])}"

    return _HOSTS_ENTRY.sub(files_first, switch)


def _belongs_to_files(sources: Sequence[str], at: int) -> bool:
    """`[NOTFOUND=return]` after `files`, which would end the search there."""
    return sources[at].startswith("[") and at > 0 and sources[at - 1] == "files"
