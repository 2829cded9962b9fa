"""Retries of a rule (GEP-1731; HTTPRoute API, `HTTPRouteRetry`).

"Implementations SHOULD retry on connection errors (disconnect, reset, timeout, TCP failure) if a retry stanza is
configured": so beside the codes whatever brings no answer is tried again, also an attempt that took longer than
`timeouts.backendRequest`. All of it is within `timeouts.request`. How often, if it is not said, is left to us: once.
"""

from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.durations import parse_duration_s
from gatelab.kinds.gatewayapi import HTTPRouteRetry
from gatelab.proxy import model

MOST_ATTEMPTS = 2**32 - 1
"""What Envoy can count."""


def translated(retry: HTTPRouteRetry | None) -> model.Retry | None:
    """The retries in the proxy's words; None where there are none. Raises Unsupported."""
    if retry is None:
        return None
    for index, code in enumerate(retry.codes):
        if not 400 <= code <= 599:
            raise Unsupported(f"retry.codes[{index}] {code} is not the status of an error; use 400 to 599")
    attempts = 1 if retry.attempts is None else retry.attempts
    if attempts < 1:
        raise Unsupported(f"retry.attempts {attempts} is less than 1; remove retry to have no retries")
    return model.Retry(min(attempts, MOST_ATTEMPTS), tuple(dict.fromkeys(retry.codes)), _backoff(retry.backoff))


def _backoff(text: str) -> float | None:
    if not text:
        return None
    try:
        return parse_duration_s(text)
    except ValueError as error:
        raise Unsupported(f"retry.backoff: {error}") from error
