"""The head of answers: warnings, and what no route takes."""

import pytest

from asgi_requests import Requests

MAPS = "/api/v1/namespaces/default/configmaps"


async def test_a_warning_stays_in_its_header(api: Requests) -> None:
    answer = await api("POST", MAPS, {"metadata": {"name": "a"}, 'x\r\nset-cookie: "a\\': 1})
    assert answer.headers["warning"] == r'299 - "unknown field \"x??set-cookie: \"a\\\""'
    assert "set-cookie" not in answer.headers


async def test_no_body_makes_the_head_of_its_answer_long(api: Requests) -> None:
    body = {"metadata": {"name": "a"}, "x" * 100_000: 1, **{f"field-{index}": 1 for index in range(2000)}}
    warnings = [text for name, text in (await api("POST", MAPS, body)).all_headers if name == "warning"]
    assert len(warnings) > 100
    assert sum(map(len, warnings)) < 32_000


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [("TRACE", MAPS, 405), ("PROPFIND", "/api", 405), ("GET", f"{MAPS}/a\nb", 404), ("PUT", "/version", 404)],
)
async def test_what_no_route_takes_is_answered_with_a_status(api: Requests, method: str, path: str, code: int) -> None:
    answer = await api(method, path)
    assert (answer.status, answer.json["kind"], answer.json["code"]) == (code, "Status", code)
