"""The text of `gatelab status`."""

from collections.abc import Iterable, Sequence

from gatelab.cli.status.report import GatewayReport, Problem, Process, StatusReport


def text_of(report: StatusReport) -> str:
    """For people; the last part says what is not ready, or that all is."""
    parts = [
        _head(report),
        _section("Processes", _table(_process(each) for each in report.processes)),
        _section("Gateways", [line for each in report.gateways for line in _gateway(each)]),
        _section(
            "Services",
            _table(
                (each.name, each.type, each.cluster_ip, ",".join(each.external), ",".join(each.ports))
                for each in report.services
            ),
        ),
        _section("Not ready", [line for each in report.problems for line in _problem(each)]) or "All is ready.",
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


def _problem(problem: Problem) -> Iterable[str]:
    message = f": {problem.message}" if problem.message else ""
    first, *rest = f"{problem.object}: {problem.what}{message}".splitlines()
    yield f"  {first}"
    yield from (f"      {line}" for line in rest)
    yield f"      {problem.look}"


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join((title, *lines)) if lines else ""


def _table(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Columns as wide as their widest cell; those that are empty everywhere are left out."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True) if width).rstrip()
        for row in cells
    ]
