"""The path of a session's cookie, and whose session it is (GEP-1619)."""

import pytest

from gatelab.gateway.translate.session_persistence import placed, translated
from gatelab.kinds.gatewayapi import SessionPersistence
from gatelab.proxy.model import PathMatch, Session


@pytest.mark.parametrize(
    ("match", "path"),
    [
        (PathMatch("prefix", "/"), "/"),
        (PathMatch("prefix", "/a/"), "/a"),
        (PathMatch("exact", "/a/b"), "/a/b"),
        (PathMatch("exact", "/a;b/c"), "/"),
        (PathMatch("prefix", "/a/b;c"), "/a"),
        (PathMatch("regex", "(?:/p1/p2/[^/]*/p3)"), "/p1/p2"),
        (PathMatch("regex", "(?:/p1/p.)"), "/p1"),
        (PathMatch("regex", "(?:.*)"), "/"),
        (PathMatch("regex", "(?:/a|/b/c)"), "/"),
        (PathMatch("regex", "(?:/a/b|/c)"), "/"),
        (PathMatch("regex", "(?:/a/?b)"), "/"),
    ],
)
def test_the_cookie_is_for_the_path_that_was_matched(match: PathMatch, path: str) -> None:
    assert placed(Session("cookie", "s"), match, "http").path == path


def test_rules_share_no_session_that_nobody_named() -> None:
    found = [translated(SessionPersistence(), rule, 1) for rule in ("HTTPRoute/a/r/0", "HTTPRoute/a/r/1")]
    assert len({each.name for each in found if each}) == 2
    assert found[0] == translated(SessionPersistence(), "HTTPRoute/a/r/0", 1)
