"""Values of fields of the Gateway API: the usual ones, and others that nobody should write.

`Values` gives one of the usual, or, as absurd as the present object is to be, any.
"""

# ruff: noqa: SIM905 - words without quotes and commas are easier to read

from collections.abc import Callable, Sequence
from random import Random
from typing import Any


class Whim(Random):
    """Random, with how absurd the present object is to be, from 0 to 1, and whether it is of HTTP."""

    absurdity = 0.0
    is_http = False


Make = Callable[[Whim], Any]


def values(*usual: Any, odd: Sequence[Any] = ()) -> Make:
    """One of these; where it is to be absurd perhaps one of the odd."""

    def make(whim: Whim) -> Any:
        return whim.choice(odd) if odd and whim.random() < whim.absurdity else whim.choice(usual)

    return make


def some(whim: Whim, most: int, make: Make, least: int = 0) -> list[Any]:
    """As many of them as chance has it."""
    return [make(whim) for _ in range(whim.randint(least, most))]


def distinct(whim: Whim, most: int, make: Make, field: str) -> list[dict[str, Any]]:
    """Some, of which no two agree in the field, unless it is to be absurd."""
    found = some(whim, most, make)
    return found if whim.random() < whim.absurdity else list({each[field]: each for each in found}.values())


def fields(whim: Whim, share: float, **made: Make) -> dict[str, Any]:
    """Some of the fields, each with that probability."""
    return {name: make(whim) for name, make in made.items() if whim.random() < share}


def rarely(whim: Whim, **made: Make) -> dict[str, Any]:
    """Fields that only what is to be absurd has."""
    return fields(whim, whim.absurdity / 3, **made)


_LONG = ".".join(["a" * 49] * 5)
ODD_HOSTS = [
    *"A.Wild.Test * *. a..test -a.test a.test. 127.0.0.1 [::1] a.test:80 ä.test *.*.test a*.b _x.test".split(),
    *("", "a b.test", "a\nb.test", f"{'a' * 63}.test", f"{'a' * 64}.test", _LONG),
]
hosts = values("a.wild.test", "b.wild.test", "*.wild.test", "*.a.wild.test", "*.test", "test", odd=ODD_HOSTS)
plain_hosts = values("a.wild.test", "b.wild.test", "xn--4ca.test", odd=ODD_HOSTS)
expressions = values(
    *r"a.* /x|/y [0-9]+ a{1000} (?i)a \pN ^ $ [[:word:]] (?P<n>a) (foo|bar){400} ((((((a)))))) %".split(),
    odd=[
        *r"( ) [ a{1001} (a{100}){20} (?=a) \C (?P<n>a)(?P<n>b) (?<n>a) a** \ \Q \1 \xff \x{10ffff} [[:nope:]]".split(),
        *("", "é", "x*" * 400, "a\nb", r"\z", "a\x00", "(?s).", "a" * 1024, "(?U)a+", "[^/]+" * 100),
    ],
)
headers = values(
    *("x", "X", "x-a", "cookie", "x-envoy-retry-on", "grpc-timeout", "grpc-status", "!#$%&'*+.^_`|~-", "a" * 256),
    odd=[
        *"host Host :path :authority content-length transfer-encoding connection te upgrade x:y é (x) expect".split(),
        *("trailer", "set-cookie", "x-envoy-upstream-rq-timeout-ms", "", "x y", "x\n", "a" * 257, "x-forwarded-for"),
    ],
)
header_values = values(
    *(
        "1",
        "%",
        "%%",
        "%REQ(x)%",
        "%START_TIME%",
        "%NOPE%",
        '"',
        "\\",
        ",",
        "{}",
        "a b",
        "%PER_REQUEST_STATE(",
    ),
    odd=[
        "",
        " ",
        "a\nb",
        "a\r\nx: y",
        "\x00",
        "\x7f",
        "\t",
        "é",
        "a" * 4096,
        "a" * 4097,
        "% %",
        "%DYNAMIC_METADATA(",
        "\u2028",
    ],
)
paths = values(
    *("/", "/a", "/a/", "/a/b", "/a;b", "/:x", "/*", "/**", "/p.S/Get", "/" + "a" * 1023, "/a%20b"),
    odd=[
        *"/{a} // /a//b /./a /../a /a/.. /%2e /%2F /% /ä a /a?b /a#b /a%00 /a/./b".split(),
        *("", "/a b", "/" + "a" * 1024, "/\n", "/a\x7f"),
    ],
)
durations = values(
    *("1ms", "10ms", "1s", "1h", "99999h", "1h1m1s1ms", "0s"),
    odd=["0h0m0s0ms", "x", "", "-1s", "1.5s", "1d", "100000h", "1s1s"],
)
ports = values(80, 8080, 8443, 443, 8081, 1, 65535, odd=[0, -1, 65536, 2**31, "80", 19001])
service_ports = values(80, 80, 80, 81, odd=[0, 1, 65535, 65536])
weights = values(0, 1, 1, 2, 100, 1_000_000, odd=[1_000_001, -1, 2**31 - 1])
methods = values("GET", "PUT", "OPTIONS", "CONNECT", "TRACE", odd=["get", "BREW", "", "*"])
cors_methods = values("GET", "PUT", "*", odd=["get", "BREW", ""])
origins = values(
    *("*", "https://*.a.test", "http://a.test", "http://a.test:81", "https://*"),
    odd=["ftp://a", "", "null", "https://a.test/x", "http://*:80", "https://a.*.test", "http://(", "https://*.t:65536"],
)
cookies = values("s", "S", "__Host-s", "a" * 128, odd=["a;b", "", "a b", "é", "x=y", '"', "a" * 129])
names_of_methods = values("Get", "Put", odd=["p.S", "", "a/b", "é", "a" * 1024, "a" * 1025, ".", "p..S", "a?b", "%"])
services = values("p.S", "p.T", odd=["", "a/b", "é", "a" * 1024, "a" * 1025, ".", "p..S", "a?b", "%"])
