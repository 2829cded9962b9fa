"""The report on what passed Gateways while a program of others ran: a JSON document.

Every field is described in docs/programs.md, and a test compares the two.
"""

from typing import Literal

from gatelab.experiment.report import Check, Environment, Part, Source, SpreadReport, WeightsReport


class ProgramReport(Part, frozen=True):
    """Without its arguments, which may hold secrets. `exit_code` is as a shell has it: 128 + n after signal n."""

    name: str
    exit_code: int
    elapsed_s: float
    interrupted_by: str


class RuleReport(Part, frozen=True):
    """What rules sent to backends of theirs: those rules whose requests are counted together."""

    gateway: str
    routes: tuple[str, ...]
    requests: int
    ok: int
    errors: int
    pods: dict[str, int]
    unattributed: int
    without_pod: int
    spread: SpreadReport
    weights: WeightsReport | None


class GatewayReport(Part, frozen=True):
    """All that a Gateway's Envoys counted. `unknown` says why they did not; then pod CPU may be the source."""

    gateway: str
    received: int
    passed_on: int
    unrouted: int
    handshakes_failed: int
    envoys: int
    workers: int
    readings: int
    unknown: str
    notes: tuple[str, ...]
    source: Source = "envoy"
    cpu_millicores: dict[str, float] = {}


class PassageReport(Part, frozen=True):
    """`rules` are those that got requests."""

    program: ProgramReport
    verdict: Literal["pass", "fail", "inconclusive"]
    checks: tuple[Check, ...]
    rules: tuple[RuleReport, ...]
    gateways: tuple[GatewayReport, ...]
    versions: dict[str, str]
    environment: Environment
