"""What can go wrong with a request to the API: one tree, mapped to a Kubernetes `Status` at the API's edge.

    ApiError
    ├── BadRequest         400
    ├── Unauthorized       401
    ├── Forbidden          403
    ├── NotFound           404
    ├── MethodNotAllowed   405
    ├── RequestTimeout     408   the client took too long over its request
    ├── AlreadyExists      409
    ├── Conflict           409
    ├── Expired            410   the watch's or list's version is no longer held
    ├── TooLarge           413
    ├── UnsupportedMedia   415
    ├── Invalid            422
    ├── InternalError      500
    └── Unavailable        503   cannot be reached; worth another try

The reasons are those of `k8s.io/apimachinery/pkg/apis/meta/v1`, which clients compare.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class ApiError(Exception):
    """A request that the API refused. `details` is the Status object's field of that name."""

    code: ClassVar[int] = 500
    reason: ClassVar[str] = "InternalError"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details or {}

    def to_status(self) -> dict[str, Any]:
        """The error as a Kubernetes `Status` object."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details:
            status["details"] = dict(self.details)
        return status


class BadRequest(ApiError):
    code = 400
    reason = "BadRequest"


class Unauthorized(ApiError):
    code = 401
    reason = "Unauthorized"


class Forbidden(ApiError):
    code = 403
    reason = "Forbidden"


class NotFound(ApiError):
    code = 404
    reason = "NotFound"


class MethodNotAllowed(ApiError):
    code = 405
    reason = "MethodNotAllowed"


class RequestTimeout(ApiError):
    code = 408
    reason = "Timeout"


class AlreadyExists(ApiError):
    code = 409
    reason = "AlreadyExists"


class Conflict(ApiError):
    code = 409
    reason = "Conflict"


class Expired(ApiError):
    """`token` is what a list that came too late may go on with, at the price of consistency."""

    code = 410
    reason = "Expired"

    def __init__(self, message: str, *, details: Mapping[str, Any] | None = None, token: str = "") -> None:
        super().__init__(message, details=details)
        self.token = token

    def to_status(self) -> dict[str, Any]:
        status = super().to_status()
        return {**status, "metadata": {"continue": self.token}} if self.token else status


class TooLarge(ApiError):
    code = 413
    reason = "RequestEntityTooLarge"


class UnsupportedMedia(ApiError):
    code = 415
    reason = "UnsupportedMediaType"


class Invalid(ApiError):
    """An object that breaks a rule. `causes` name the fields: {"field": "spec.x", "message": ..., "reason": ...}."""

    code = 422
    reason = "Invalid"

    def __init__(
        self,
        message: str,
        *,
        causes: Sequence[Mapping[str, str]] = (),
        details: Mapping[str, Any] | None = None,
    ) -> None:
        merged = dict(details or {})
        if causes:
            merged["causes"] = [dict(cause) for cause in causes]
        super().__init__(message, details=merged)


class InternalError(ApiError):
    pass


class Unavailable(ApiError):
    code = 503
    reason = "ServiceUnavailable"


BY_REASON: Mapping[str, type[ApiError]] = {
    error.reason: error
    for error in (
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        RequestTimeout,
        AlreadyExists,
        Conflict,
        Expired,
        TooLarge,
        UnsupportedMedia,
        Invalid,
        InternalError,
        Unavailable,
    )
}


def from_status(status: Mapping[str, Any]) -> ApiError:
    """The error that a `Status` object describes; by `reason` first, then by `code`."""
    kind = BY_REASON.get(status.get("reason", ""))
    if kind is None:
        code = status.get("code", 500)
        kind = next((known for known in BY_REASON.values() if known.code == code), InternalError)
    return kind(status.get("message", ""), details=status.get("details"))
