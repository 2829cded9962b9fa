"""The text of `gatelab status`."""

import textwrap
from collections.abc import Iterable, Sequence

from gatelab.cli.status.report import GatewayReport, Problem, Process, StatusReport


def text_of(report: StatusReport, width: int | None = None) -> str:
    """For people; the last part says what is not ready, or that all is. In so many columns, or in as many as it takes:
    what is to be copied is never broken.
    """
    parts = [
        _head(report),
        _section("Processes", _table((_process(each) for each in report.processes), width)),
        _section("Gateways", _fitted((line for each in report.gateways for line in _gateway(each)), width)),
        _section(
            "Services",
            _table(
                (
                    (each.name, each.type, each.cluster_ip, ",".join(each.external), ",".join(each.ports))
                    for each in report.services
                ),
                width,
            ),
        ),
        _section("Not ready", [line for each in report.problems for line in _problem(each, width)]) or "All is ready.",
    ]
    return "\n\n".join(filter(None, parts))


def _head(report: StatusReport) -> str:
    memory = sum(each.memory_bytes for each in report.processes) / 1e6
    lines = [
        f"Lab {report.lab!r}, up since {report.started_at}, {len(report.processes)} processes, {memory:.0f} MB",
        f"  API         {report.api}",
        f"  DNS         {report.dns}",
        f"  kubeconfig  {report.kubeconfig}",
        f"  images      {report.images}",
    ]
    if report.privileged_shift:
        at = 443 + report.privileged_shift
        lines.append(f"  ports below 1024 are not permitted here: what should be at 443 is at {at}")
    return "\n".join(lines)


def _process(process: Process) -> tuple[str, ...]:
    name = f"pod {process.name}" if process.of == "pod" else process.of
    cpu = "" if process.cpu_cores is None else f"{process.cpu_cores * 1000:.0f}m"
    memory = f"{process.memory_bytes / 1e6:.0f} MB"
    return (name, process.container, f"pid {process.pid}", memory, cpu, process.address)


def _gateway(gateway: GatewayReport) -> Iterable[str]:
    yield f"  {gateway.name} (class {gateway.class_name}) at {', '.join(gateway.addresses) or 'no address yet'}"
    for each in gateway.listeners:
        port = f"{each.port}" if each.bound_port == each.port else f"{each.port} -> {each.bound_port}"
        routes = f"{each.attached_routes} route{'' if each.attached_routes == 1 else 's'}"
        yield f"    listener {each.name}: {each.protocol} {port}, {each.hostname or 'any hostname'}, {routes}"
    if gateway.hostnames:
        yield f"    hostnames: {', '.join(gateway.hostnames)}"
    if gateway.routes:
        yield f"    routes: {', '.join(gateway.routes)}"


def _problem(problem: Problem, width: int | None) -> Iterable[str]:
    message = f": {problem.message}" if problem.message else ""
    first, *rest = f"{problem.object}: {problem.what}{message}".splitlines()
    yield from _fitted((f"  {first}", *(f"      {line}" for line in rest)), width)
    yield f"      {problem.look}"


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join((title, *lines)) if lines else ""


def _table(rows: Iterable[tuple[str, ...]], width: int | None) -> list[str]:
    """Columns as wide as their widest cell; those that are empty everywhere are left out. Where the lines are too long
    for the width, the first column stands above the others.
    """
    cells = list(rows)
    lines = _columns(cells)
    if width is None or all(len(line) <= width for line in lines):
        return lines
    below = _columns([row[1:] for row in cells])
    return [line for row, rest in zip(cells, below, strict=True) for line in (f"  {row[0]}", f"    {rest}".rstrip())]


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True) if width).rstrip()
        for row in rows
    ]


def _fitted(lines: Iterable[str], width: int | None) -> list[str]:
    """Broken between words, with what follows further in."""
    if width is None:
        return list(lines)
    return [
        part
        for line in lines
        for part in textwrap.wrap(
            line,
            width,
            subsequent_indent=" " * (len(line) - len(line.lstrip()) + 4),
            break_long_words=False,
            break_on_hyphens=False,
        )
        or [""]
    ]
