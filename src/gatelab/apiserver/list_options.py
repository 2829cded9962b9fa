"""`ListOptions` of list and watch: the query parameters that say of which version, and the rules between them.

The rules and words are those of `k8s.io/apimachinery/pkg/apis/meta/internalversion/validation`.
"""

from dataclasses import dataclass

from starlette.requests import Request

from gatelab.kinds.errors import BadRequest
from gatelab.kinds.kind import Kind
from gatelab.kinds.schemas.problems import Problem, forbidden, refusal, unsupported

_KIND = Kind("meta.k8s.io", "v1", "ListOptions", "listoptions")
_MATCH = "resourceVersionMatch"


@dataclass(frozen=True, slots=True)
class ListOptions:
    """`version` None: not given. `initial` is `sendInitialEvents`, None when not given."""

    version: int | None
    match: str
    limit: int
    token: str
    initial: bool | None


def read(request: Request, *, watch: bool = False) -> ListOptions:
    """Raises BadRequest for what is no number, Invalid for options that do not go together."""
    given = request.query_params.get
    initial = given("sendInitialEvents", "").lower()
    options = ListOptions(
        version=_number("resourceVersion", given("resourceVersion", "")),
        match=given(_MATCH, ""),
        limit=_number("limit", given("limit", "")) or 0,
        token=given("continue", ""),
        initial=initial in ("1", "t", "true") if initial else None,
    )
    found = _watch_problems(options) if watch else _list_problems(options)
    if found:
        raise refusal(_KIND, "", found)
    return options


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise BadRequest(f"{name}: Invalid value: {text!r}: must be a number, zero or more")
    return int(text)


def _list_problems(options: ListOptions) -> list[Problem]:
    found = []
    if options.match:
        if options.version is None:
            found.append(forbidden(_MATCH, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        if options.token:
            found.append(forbidden(_MATCH, "resourceVersionMatch is forbidden when continue is provided"))
        if options.match not in ("Exact", "NotOlderThan"):
            found.append(unsupported(_MATCH, options.match, ("Exact", "NotOlderThan", "")))
        if options.match == "Exact" and options.version == 0:
            found.append(forbidden(_MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'))
    if options.initial is not None:
        found.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return found


def _watch_problems(options: ListOptions) -> list[Problem]:
    found = []
    if options.initial is not None and options.match != "NotOlderThan":
        found.append(forbidden(_MATCH, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
    if options.match:
        if options.initial is None:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            found.append(forbidden(_MATCH, why))
        if options.match != "NotOlderThan":
            found.append(unsupported(_MATCH, options.match, ("NotOlderThan",)))
        if options.token:
            found.append(forbidden(_MATCH, "resourceVersionMatch is forbidden when continue is provided"))
    return found
