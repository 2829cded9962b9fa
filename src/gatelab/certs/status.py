"""The status of a Certificate, from what its Secret holds and what is still to be done."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gatelab.certs.decision import Cause, KeyPair, key_pair_in, renewal_time
from gatelab.certs.problem import Problem
from gatelab.certs.wanted import Wanted
from gatelab.kinds.conditions import condition, merged
from gatelab.kinds.objects import Object
from gatelab.kinds.timestamps import to_rfc3339

_UP_TO_DATE = Cause("Ready", "Certificate is up to date and has not expired")


def is_renewal_asked(certificate: Object) -> bool:
    """Whether somebody set the condition Issuing, as `cmctl renew` does."""
    found = condition(_conditions(certificate), "Issuing")
    return found is not None and found.get("status") == "True"


def status_when_done(
    certificate: Object, wanted: Wanted, secret: Object, now: datetime, *, was_issued: bool
) -> dict[str, Any]:
    """The status with a good certificate in the Secret: nothing is Issuing any more."""
    old = certificate.get("status") or {}
    revision = old.get("revision", 0) + was_issued or 1
    conditions = [each for each in _conditions(certificate) if each.get("type") != "Issuing"]
    ready = _condition("Ready", "True", _UP_TO_DATE, certificate)
    status = {**old, "conditions": merged(conditions, [ready], now=to_rfc3339(now)), "revision": revision}
    return {**status, **_times(wanted, secret)}


def status_when_waiting(
    certificate: Object,
    wanted: Wanted | None,
    secret: Object | None,
    problem: Problem,
    *,
    unfit: Cause | None,
    now: datetime,
) -> dict[str, Any]:
    """The status while a certificate is to be issued and cannot be; an old one that still does keeps it Ready.

    `wanted` None means that nothing can be issued before the Certificate itself is changed.
    """
    old = certificate.get("status") or {}
    cause = Cause(problem.reason, problem.message)
    is_ready = wanted is not None and unfit is None
    ready, observed = ("True", _UP_TO_DATE) if is_ready else ("False", cause)
    news = [_condition("Ready", ready, observed, certificate)]
    if wanted is not None:
        news.append(_condition("Issuing", "True", cause, certificate))
    conditions = merged(_conditions(certificate), news, now=to_rfc3339(now))
    times = _times(wanted, secret) if wanted is not None and secret is not None else {}
    return {**old, "conditions": conditions, **times}


def _conditions(certificate: Object) -> list[Mapping[str, Any]]:
    return list((certificate.get("status") or {}).get("conditions") or ())


def _condition(type_: str, status: str, cause: Cause, certificate: Object) -> dict[str, Any]:
    return {
        "type": type_,
        "status": status,
        "reason": cause.reason,
        "message": cause.message,
        "observedGeneration": certificate["metadata"].get("generation", 0),
    }


def _times(wanted: Wanted, secret: Object) -> dict[str, str]:
    pair = key_pair_in(secret)
    if not isinstance(pair, KeyPair):
        return {}
    return {
        "notBefore": to_rfc3339(pair.certificate.not_valid_before_utc),
        "notAfter": to_rfc3339(pair.certificate.not_valid_after_utc),
        "renewalTime": to_rfc3339(renewal_time(wanted, pair.certificate)),
    }
