"""What may be claimed of the requests of a program of others. Pure.

Such a program ends with 0 though every call failed (ghz, and k6 without thresholds), so that some request was answered
is a claim of its own.
"""

from collections.abc import Sequence
from typing import Literal

from gatelab.experiment.passage.report import GatewayReport, RuleReport
from gatelab.experiment.report import Check

Verdict = Literal["pass", "fail", "inconclusive"]
ROUGH = (
    "by pod CPU only, which is rough: the metrics API averages over its window, in which the pods were idle as well "
    "and may have served others; no test can rest on it"
)


def checks(
    gateways: Sequence[GatewayReport], rules: Sequence[RuleReport], *, forgives_errors: bool
) -> tuple[Check, ...]:
    """`forgives_errors` leaves it to expectations how many requests may fail."""
    arrived = _arrived(gateways, rules, errors_will_do=forgives_errors)
    if arrived.result != "pass":
        return (arrived, *(_not_counted(each) for each in gateways if each.unknown))
    errors = () if forgives_errors else (_errors(gateways, rules),)
    return (arrived, *errors, *(each for rule in rules for each in _of_rule(rule)))


def verdict(found: Sequence[Check], *, spread_matters: bool) -> Verdict:
    """pass when every claim is shown. What could not be told is not shown: a fail, but for a spread that nobody has
    asked about.
    """
    open_ = {each.name for each in found if each.result == "inconclusive"}
    if any(each.result == "fail" for each in found) or open_ - (set() if spread_matters else {"spread", "weights"}):
        return "fail"
    return "inconclusive" if open_ else "pass"


def _not_counted(gateway: GatewayReport) -> Check:
    """The spread of a Gateway whose Envoys cannot be read."""
    what = ROUGH if gateway.source == "cpu" else f"not measured: {gateway.unknown}, and there is no metrics API"
    return Check(name="spread", result="inconclusive", sentence=f"Gateway {gateway.gateway}: {what}")


def _arrived(gateways: Sequence[GatewayReport], rules: Sequence[RuleReport], *, errors_will_do: bool) -> Check:
    unknown = [each.unknown for each in gateways if each.unknown]
    requests, ok = sum(each.requests - each.without_pod for each in rules), sum(each.ok for each in rules)
    if ok or (requests and errors_will_do):
        return Check(name="arrived", result="pass", sentence=f"{ok} requests were answered")
    if unknown:
        return Check(name="arrived", result="inconclusive", sentence=f"what arrived is not known: {unknown[0]}")
    return Check(name="arrived", result="fail", sentence=_nothing(gateways, rules, requests))


def _nothing(gateways: Sequence[GatewayReport], rules: Sequence[RuleReport], requests: int) -> str:
    names = ", ".join(each.gateway for each in gateways)
    received, failed = sum(each.received for each in gateways), sum(each.handshakes_failed for each in gateways)
    if requests:
        return f"none of {requests} requests that reached pods was answered without an error{_lost(gateways, rules)}"
    if received:
        return f"{received} requests reached the Gateways ({names}), and none a pod{_lost(gateways, rules)}"
    if failed:
        handshakes = "1 TLS handshake" if failed == 1 else f"{failed} TLS handshakes"
        return (
            f"no request reached the Gateways ({names}): {handshakes} failed, as with a client that speaks no TLS or "
            "does not trust the certificate"
        )
    return (
        f"no request reached the Gateways ({names}): the program called nothing, or something that is not behind them, "
        "such as a Service's own address"
    )


def _errors(gateways: Sequence[GatewayReport], rules: Sequence[RuleReport]) -> Check:
    errors, requests = failures(gateways, rules), taken(gateways, rules)
    sentence = f"{errors} of {requests} requests failed, as the Gateway saw it{_lost(gateways, rules)}"
    return Check(name="errors", result="fail" if errors else "pass", sentence=sentence)


def _lost(gateways: Sequence[GatewayReport], rules: Sequence[RuleReport]) -> str:
    """What did not reach a pod and why, as the end of a sentence."""
    without_pod, unrouted = sum(each.without_pod for each in rules), sum(each.unrouted for each in gateways)
    why = {"found no pod ready": without_pod, "no rule took, or one without a backend": unrouted}
    return "".join(f", {count} {what}" for what, count in why.items() if count)


def failures(gateways: Sequence[GatewayReport], rules: Sequence[RuleReport]) -> int:
    """What rules could not get answered, and what found no rule."""
    return sum(each.errors for each in rules) + sum(each.unrouted for each in gateways)


def taken(gateways: Sequence[GatewayReport], rules: Sequence[RuleReport]) -> int:
    """Requests, with those that found no rule."""
    return sum(each.requests for each in rules) + sum(each.unrouted for each in gateways)


def _of_rule(rule: RuleReport) -> list[Check]:
    name = title(rule)
    found = [Check(name="spread", result=rule.spread.test.result, sentence=f"{name}: {rule.spread.test.sentence}")]
    if rule.weights is not None:
        test = rule.weights.test
        found.append(Check(name="weights", result=test.result, sentence=f"{name}: {test.sentence}"))
    return found


def title(rule: RuleReport) -> str:
    """Which rules, for people."""
    first, *others = rule.routes
    return f"{first} and {len(others)} more" if others else first
