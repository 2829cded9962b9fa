"""The port that a Location names (HTTPRequestRedirectFilter, `port`), also where the lab's ports are shifted."""

import pytest

from gatelab.gateway.translate.proxy_config import Binding
from gatelab.gateway.translate.redirects import Entrance, located
from gatelab.proxy.model import Redirect

SHIFT = 10_000
HTTP, HTTPS = Entrance("http", 80), Entrance("https", 443)
SHIFTED, SHIFTED_HTTPS = Entrance("http", 80, shift=SHIFT), Entrance("https", 443, shift=SHIFT)


@pytest.mark.parametrize(
    ("redirect", "entrance", "port"),
    [
        (Redirect(), HTTP, None),
        (Redirect(), Entrance("http", 8080), 8080),
        (Redirect(host="b.test"), Entrance("http", 8080), 8080),
        (Redirect(scheme="https"), HTTP, None),
        (Redirect(scheme="https"), Entrance("http", 8080), 443),
        (Redirect(scheme="https", host="b.test"), Entrance("http", 8080), None),
        (Redirect(scheme="http", port=80), HTTPS, None),
        (Redirect(port=8443), HTTP, 8443),
        (Redirect(), SHIFTED, 10080),
        (Redirect(host="b.test"), SHIFTED, 10080),
        (Redirect(scheme="https"), SHIFTED, 10443),
        (Redirect(scheme="https", port=443), SHIFTED, 10443),
        (Redirect(port=8443), SHIFTED, 8443),
        (Redirect(scheme="http"), SHIFTED_HTTPS, 10080),
        (Redirect(scheme="https", host="elsewhere.test"), SHIFTED, None),
        (Redirect(scheme="https", host="elsewhere.test", port=444), SHIFTED, 444),
    ],
)
def test_the_port(redirect: Redirect, entrance: Entrance, port: int | None) -> None:
    assert located(redirect, entrance).port == port


@pytest.mark.parametrize(
    ("redirect", "entrance", "domain", "located_at"),
    [
        (Redirect(scheme="https"), Entrance("http", 8080), "a.test", ("a.test", None)),
        (Redirect(port=80), Entrance("http", 8080), "a.test", ("a.test", None)),
        (Redirect(scheme="https"), Entrance("http", 8080), "*.a.test", ("", 443)),
        (Redirect(scheme="https"), HTTP, "a.test", ("", None)),
        (Redirect(scheme="https"), SHIFTED, "a.test", ("", 10443)),
        (Redirect(), Entrance("http", 8080), "a.test", ("", 8080)),
        (Redirect(scheme="https", host="b.test"), Entrance("http", 8080), "a.test", ("b.test", None)),
    ],
)
def test_a_well_known_port_is_not_written_where_the_host_is_known(
    redirect: Redirect, entrance: Entrance, domain: str, located_at: tuple[str, int | None]
) -> None:
    """The Host header of the request has another port, so the host is taken from the route."""
    found = located(redirect, entrance, domain)
    assert (found.host, found.port) == located_at


def test_behind_a_service_clients_see_no_shift() -> None:
    assert Binding("127.1.2.3", SHIFT).seen_shift == SHIFT
    assert Binding("0.0.0.0", SHIFT).seen_shift == 0
