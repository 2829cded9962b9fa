"""The functions that Kubernetes adds to CEL (`k8s.io/apiserver/pkg/cel/library`), as far as definitions use them.

Values of its own types are maps here (`{"ip": "10.0.0.1"}`), as the engine knows no others; a function that gets what
it cannot read raises ValueError, which makes the rule one that could not be evaluated.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import re2

from gatelab.kinds.quantity import parse_quantity
from gatelab.kinds.schemas import formats

NAMESPACES = ("format", "ip")
"""Words before a dot that are no variables of the rule, and that the engine does not know."""


def _reads(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        try:
            return parse(text) is not None
        except ValueError:
            return False

    return reads


# Lists


def _is_sorted(items: list[Any]) -> bool:
    return all(left <= right for left, right in pairwise(items))


def _index_of(where: Any, what: Any, start: int = 0) -> int:
    if isinstance(where, str):
        return where.find(what, start)
    return where.index(what) if what in where else -1


def _last_index_of(where: Any, what: Any) -> int:
    if isinstance(where, str):
        return where.rfind(what)
    return len(where) - 1 - where[::-1].index(what) if what in where else -1


# Regular expressions, by RE2 for their linear time


def _find(text: str, pattern: str) -> str:
    found = re2.search(pattern, text)
    return found.group(0) if found else ""


def _find_all(text: str, pattern: str, most: int = -1) -> list[str]:
    found = [each.group(0) for each in re2.finditer(pattern, text)]
    return found if most < 0 else found[:most]


# URLs


def _url(text: str) -> dict[str, str]:
    parts = urlsplit(text)
    if not (parts.scheme or text.startswith("/")):
        raise ValueError(f"URL parse error: {text!r}")
    return {"url": text}


def _host(url: Mapping[str, str]) -> str:
    return urlsplit(url["url"]).netloc.rpartition("@")[2]


def _port(url: Mapping[str, str]) -> str:
    return str(urlsplit(url["url"]).port or "")


# Addresses


def _ip(text: str) -> dict[str, str]:
    if "%" in text or text.lower().startswith("::ffff:"):
        raise ValueError(f"IP Address {text!r} parse error")
    return {"ip": str(ipaddress.ip_address(text))}


def _is_canonical(_: Any, text: str) -> bool:
    return str(ipaddress.ip_address(text)) == text


def _cidr(text: str) -> dict[str, str]:
    if "/" not in text:
        raise ValueError(f"network address parse error: {text!r}")
    ipaddress.ip_network(text, strict=False)
    return {"cidr": text}


def _network(cidr: Mapping[str, str] | str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(cidr if isinstance(cidr, str) else cidr["cidr"], strict=False)


def _address(ip: Mapping[str, str] | str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(ip if isinstance(ip, str) else ip["ip"])


def _contains_cidr(outer: Any, inner: Any) -> bool:
    left, right = _network(outer), _network(inner)
    return left.version == right.version and right.subnet_of(left)  # type: ignore[arg-type]


# Quantities


def _quantity(text: str) -> dict[str, str]:
    parse_quantity(text)
    return {"quantity": text}


def _number(quantity: Mapping[str, str] | int) -> Any:
    return parse_quantity(quantity["quantity"]) if isinstance(quantity, Mapping) else parse_quantity(quantity)


def _compare(left: Any, right: Any) -> int:
    return int(_number(left) > _number(right)) - int(_number(left) < _number(right))


# Formats


_FORMATS: Mapping[str, tuple[str, str]] = {
    "dns1123Label": ("k8s-short-name", "must be a lowercase RFC 1123 label"),
    "dns1123Subdomain": ("k8s-long-name", "must be a lowercase RFC 1123 subdomain"),
    "uri": ("uri", "must be a URI"),
    "uuid": ("uuid", "must be a UUID"),
    "date": ("date", "must be a date"),
    "datetime": ("date-time", "must be a date and time"),
}


def _named_format(name: str) -> Callable[[Any], dict[str, str]]:
    return lambda _: {"format": name}


def _validate(wanted: Mapping[str, str], text: str) -> Any:
    """What is wrong, as an optional list: none when the text has the format."""
    from cel import OptionalValue

    format_, rule = _FORMATS[wanted["format"]]
    label = text if wanted["format"] != "dns1123Label" or re.fullmatch(r"[^.]{1,63}", text) else "."
    return OptionalValue.none() if formats.is_of(format_, label) else OptionalValue.of([rule])


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "isSorted": _is_sorted,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "find": _find,
    "findAll": _find_all,
    "isURL": _reads(_url),
    "url": _url,
    "getScheme": lambda url: urlsplit(url["url"]).scheme,
    "getHost": _host,
    "getHostname": lambda url: urlsplit(url["url"]).hostname or "",
    "getPort": _port,
    "getEscapedPath": lambda url: urlsplit(url["url"]).path,
    "getQuery": lambda url: parse_qs(urlsplit(url["url"]).query, keep_blank_values=True),
    "isIP": _reads(_ip),
    "ip": _ip,
    "isCanonical": _is_canonical,
    "family": lambda ip: _address(ip).version,
    "isUnspecified": lambda ip: _address(ip).is_unspecified,
    "isLoopback": lambda ip: _address(ip).is_loopback,
    "isLinkLocalUnicast": lambda ip: _address(ip).is_link_local,
    "isCIDR": _reads(_cidr),
    "cidr": _cidr,
    "prefixLength": lambda cidr: _network(cidr).prefixlen,
    "masked": lambda cidr: {"cidr": str(_network(cidr))},
    "containsIP": lambda cidr, ip: _address(ip) in _network(cidr),
    "containsCIDR": _contains_cidr,
    "isQuantity": _reads(parse_quantity),
    "quantity": _quantity,
    "compareTo": _compare,
    "isGreaterThan": lambda left, right: _compare(left, right) > 0,
    "isLessThan": lambda left, right: _compare(left, right) < 0,
    "sign": lambda quantity: _compare(quantity, {"quantity": "0"}),
    "isInteger": lambda quantity: _number(quantity) == int(_number(quantity)),
    "asInteger": lambda quantity: int(_number(quantity)),
    "asApproximateFloat": lambda quantity: float(_number(quantity)),
    "validate": _validate,
    **{name: _named_format(name) for name in _FORMATS},
}
"""By the name that rules use; of a method, the first argument is what stands before the dot."""
