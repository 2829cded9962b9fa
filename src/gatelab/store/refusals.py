"""The store's errors, in the words of Kubernetes: clients and users compare them."""

from gatelab.kinds.errors import AlreadyExists, BadRequest, Conflict, Expired, Forbidden, Invalid, NotFound
from gatelab.kinds.kind import Kind
from gatelab.kinds.objects import Key


def _details(kind: Kind, name: str) -> dict[str, str]:
    details = {"name": name, "group": kind.group, "kind": kind.plural}
    return {field: value for field, value in details.items() if value}


def not_found(kind: Kind, name: str) -> NotFound:
    return NotFound(f'{kind.qualified_plural} "{name}" not found', details=_details(kind, name))


def already_exists(kind: Kind, name: str) -> AlreadyExists:
    return AlreadyExists(f'{kind.qualified_plural} "{name}" already exists', details=_details(kind, name))


def conflict(kind: Kind, key: Key, why: str) -> Conflict:
    message = f'Operation cannot be fulfilled on {kind.qualified_plural} "{key.name}": {why}'
    return Conflict(message, details=_details(kind, key.name))


def stale(kind: Kind, key: Key) -> Conflict:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(kind, key, why)


def other_uid(kind: Kind, key: Key, wanted: str, present: str) -> Conflict:
    why = f"Precondition failed: UID in precondition: {wanted}, UID in object meta: {present}"
    return conflict(kind, key, why)


def other_version(kind: Kind, key: Key, wanted: str, present: int) -> Conflict:
    why = f"Precondition failed: ResourceVersion in precondition: {wanted}, ResourceVersion in object meta: {present}"
    return conflict(kind, key, why)


def terminating(kind: Kind, key: Key) -> Forbidden:
    message = (
        f'{kind.qualified_plural} "{key.name}" is forbidden: unable to create new content in namespace '
        f"{key.namespace} because it is being terminated"
    )
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {key.namespace} is being terminated",
        "field": "metadata.namespace",
    }
    return Forbidden(message, details={**_details(kind, key.name), "causes": [cause]})


def undeletable(kind: Kind, key: Key) -> Forbidden:
    message = f'{kind.qualified_plural} "{key.name}" is forbidden: this namespace may not be deleted'
    return Forbidden(message, details=_details(kind, key.name))


def built_in(kind: Kind, key: Key) -> Forbidden:
    message = (
        f'{kind.qualified_plural} "{key.name}" is forbidden: gatelab itself serves this kind, with or without its '
        "definition: delete its objects instead"
    )
    return Forbidden(message, details=_details(kind, key.name))


def invalid(kind: Kind, name: str, field: str, message: str) -> Invalid:
    text = f'{kind.name}{"." + kind.group if kind.group else ""} "{name}" is invalid: {field}: {message}'
    cause = {"reason": "FieldValueInvalid", "message": message, "field": field}
    details = {**_details(kind, name), "kind": kind.name}
    return Invalid(text, causes=[cause], details=details)


def nameless(kind: Kind) -> Invalid:
    return invalid(kind, "", "metadata.name", "Required value: name or generateName is required")


def renamed(key: Key, given: str) -> BadRequest:
    return BadRequest(f"the name of the object ({given}) does not match the name on the request ({key})")


def homeless(kind: Kind, name: str) -> BadRequest:
    message = f'{kind.qualified_plural} "{name}": an empty namespace may not be set during creation'
    return BadRequest(f"{message}; set metadata.namespace")


def too_old(since: int, floor: int) -> Expired:
    return Expired(f"too old resource version: {since} ({floor})")


def too_new(since: int, version: int) -> Expired:
    """A client of another life of this store: only a new list puts it right, which is what Expired asks for."""
    return Expired(f"too large resource version: {since}, current: {version}; list again")
