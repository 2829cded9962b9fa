"""Which origins a CORS filter allows (HTTPCORSFilter, `allowOrigins`)."""

import pytest
import re2

from gatelab.gateway.translate.cors import translated
from gatelab.gateway.translate.unsupported import Unsupported
from gatelab.kinds.gatewayapi import Cors


@pytest.mark.parametrize(
    ("allowed", "yes", "no"),
    [
        ("*", ["https://a.test", "http://a.test:81", "null"], []),
        (
            "https://*.a.test",
            ["https://x.a.test", "https://x.y.a.test", "https://x.a.test:443"],
            ["https://a.test", "https://xa.test", "http://x.a.test", "https://x.a.test:444", "https://x.a.test.evil"],
        ),
        ("https://a.test", ["https://a.test", "https://a.test:443"], ["https://a-test", "https://a.test:80"]),
        ("http://A.test:81", ["http://a.test:81"], ["http://a.test", "http://a.test:811"]),
        ("http://a.test:80", ["http://a.test"], ["http://a.test:81"]),
        ("https://*", ["https://a", "https://[::1]", "https://a.b:443"], ["https://a:444", "http://a", "https://a@b"]),
        ("http://*:81", ["http://a:81", "http://[::1]:81"], ["http://a", "http://a:80:81"]),
    ],
)
def test_origins(allowed: str, yes: list[str], no: list[str]) -> None:
    (expression,) = translated(Cors(allow_origins=(allowed,))).origins
    assert [each for each in yes if not re2.fullmatch(expression, each)] == []
    assert [each for each in no if re2.fullmatch(expression, each)] == []


@pytest.mark.parametrize(
    "wrong", ["", "a.test", "ftp://a.test", "https://a.test/", "https://a.*.test", "https://*a.test"]
)
def test_what_is_no_origin(wrong: str) -> None:
    with pytest.raises(Unsupported, match=r"cors\.allowOrigins\[0\]"):
        translated(Cors(allow_origins=(wrong,)))


def test_credentials_expose_what_is_named_only() -> None:
    assert translated(Cors(expose_headers=("*", "X-1"), allow_credentials=True)).exposed_headers == ("x-1",)
    assert translated(Cors(expose_headers=("*", "X-1"))).exposed_headers == ("*", "x-1")
