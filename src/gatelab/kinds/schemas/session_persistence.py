"""`sessionPersistence` of routes (GEP-1619), of the experimental channel."""

from gatelab.kinds.schemas.build import Schema, fields, text

DURATION = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"


def session_persistence() -> Schema:
    """How calls of one session reach one endpoint."""
    cookie = {"lifetimeType": text("How long clients keep it.", enum=("Permanent", "Session"), default="Session")}
    return fields(
        {
            "sessionName": text("The name of the cookie or header.", most=128),
            "absoluteTimeout": text("How long a session lasts.", pattern=DURATION),
            "type": text("What carries the session.", enum=("Cookie", "Header"), default="Cookie"),
            "cookieConfig": fields(cookie, "The cookie, for Cookie."),
        },
        "One session, one endpoint.",
    )
