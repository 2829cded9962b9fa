"""Who may ask."""

import pytest

from asgi_requests import Requests


async def test_without_the_token_nothing_is_answered(api: Requests) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Bearer other"}, {"authorization": "Basic a-token"}):
        answer = await api("GET", "/api/v1/namespaces", headers=headers)
        assert answer.status == 401
        assert answer.json["reason"] == "Unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_that_is_no_ascii_is_a_wrong_one(api: Requests) -> None:
    assert (await api("GET", "/api", headers={"authorization": "Bearer tökén"})).status == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "", "[", "127.0.0.1.nip.io"])
async def test_foreign_hosts_are_refused(api: Requests, host: str) -> None:
    answer = await api("GET", "/version", headers={"host": host})
    assert (answer.status, answer.json["reason"]) == (403, "Forbidden")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:6443", "LOCALHOST:1"])
async def test_own_hosts_are_accepted_with_any_port(api: Requests, host: str) -> None:
    assert (await api("GET", "/version", headers={"host": host})).status == 200


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 403), ("https://127.0.0.1:6443", 200)]
)
async def test_foreign_pages_are_refused(api: Requests, origin: str, status: int) -> None:
    assert (await api("GET", "/version", headers={"origin": origin})).status == status


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-origin", 200), ("none", 200)])
async def test_what_a_foreign_page_makes_a_browser_fetch_is_refused(api: Requests, site: str, status: int) -> None:
    """Images and links carry no Origin."""
    assert (await api("GET", "/version", headers={"sec-fetch-site": site})).status == status


async def test_health_is_open_but_not_to_foreign_hosts(api: Requests) -> None:
    assert (await api("GET", "/readyz", headers={"authorization": ""})).body == b"ok"
    assert (await api("GET", "/readyz", headers={"authorization": "", "host": "evil.example"})).status == 403


@pytest.mark.parametrize("header", ["Impersonate-User", "Impersonate-Group", "Impersonate-Extra-scopes"])
async def test_nobody_is_impersonated_in_silence(api: Requests, header: str) -> None:
    """The answer as somebody else would be a wrong one: roles are not acted on."""
    answer = await api("GET", "/api/v1/namespaces", headers={header.lower(): "jane"})
    assert (answer.status, answer.json["reason"]) == (403, "Forbidden")
    assert 'users "jane" is forbidden: gatelab does not impersonate' in answer.json["message"]
