"""What passed the Gateways, as text: requests per pod of each rule, and what the verdict rests on."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gatelab.cli.experiment.output import WIDTH, bar, claims, printed, spread_figures, weights_table
from gatelab.experiment.passage.report import GatewayReport, PassageReport, RuleReport

MOST_ROUTES = 3


def text_of(report: PassageReport, *, colours: bool = False, width: int = WIDTH) -> str:
    """The report for people, in so many columns. Without `colours` it is plain text."""
    notes = [Text(f"  note: {note}") for note in _notes(report.gateways)]
    parts = [_head(report), *(part for rule in report.rules for part in _rule(rule, report.gateways))]
    parts += [part for each in report.gateways if each.source == "cpu" for part in _cpu(each)]
    return printed(*parts, *notes, *claims(report.checks, report.verdict), colours=colours, width=width)


def _head(report: PassageReport) -> RenderableType:
    program = report.program
    stopped = f", interrupted by {program.interrupted_by}" if program.interrupted_by else ""
    return Text(f"\n{program.name} ended with {program.exit_code} after {program.elapsed_s:.1f} s{stopped}")


def _rule(rule: RuleReport, gateways: Sequence[GatewayReport]) -> list[RenderableType]:
    table = Table(box=SIMPLE, padding=(0, 1))
    table.add_column("pod", overflow="fold")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("through the Gateway (L7)", no_wrap=True)
    for pod, count in rule.pods.items():
        table.add_row(pod, *bar(count, sum(rule.pods.values())))
    seen = next(each for each in gateways if each.gateway == rule.gateway)
    who = "its Envoy" if seen.envoys == 1 else f"its {seen.envoys} Envoys"
    return [
        Text(f"Requests per pod: {_routes(rule)} of Gateway {rule.gateway}"),
        table,
        Text(f"  {rule.requests} requests, {rule.ok} answered, {rule.errors} failed"),
        Text(f"  {spread_figures(rule.spread)}"),
        Text(f"  counted by the Gateway: what {who} sent to each endpoint, read {seen.readings} times\n"),
        *([weights_table(rule.weights)] if rule.weights is not None else []),
    ]


def _cpu(gateway: GatewayReport) -> list[RenderableType]:
    """In the place of requests that nobody counted."""
    table = Table(box=SIMPLE, padding=(0, 1))
    table.add_column("pod", overflow="fold")
    table.add_column("millicores", justify="right", no_wrap=True)
    table.add_column("share of the CPU", no_wrap=True)
    total = sum(gateway.cpu_millicores.values())
    for pod, used in gateway.cpu_millicores.items():
        table.add_row(pod, f"{used:.0f}", bar(used, total)[1])
    return [Text(f"CPU per pod, by the metrics API: the pods behind Gateway {gateway.gateway}"), table]


def _routes(rule: RuleReport) -> str:
    shown, rest = ", ".join(rule.routes[:MOST_ROUTES]), len(rule.routes) - MOST_ROUTES
    return f"{shown} and {rest} more" if rest > 0 else shown


def _notes(gateways: Sequence[GatewayReport]) -> list[str]:
    notes = []
    for each in gateways:
        notes += [f"Gateway {each.gateway}: {note}" for note in each.notes]
        if each.unknown:
            notes.append(each.unknown)
        elif each.received > each.passed_on:
            kept = each.received - each.passed_on
            notes.append(
                f"Gateway {each.gateway} passed {kept} of {each.received} requests on to no pod: it answered them "
                "itself, or their client gave them up"
            )
    return notes
