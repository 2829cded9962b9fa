import re

import pytest

from gatelab.cli.load.template import FUNCTIONS, VARIABLES, CallData, Template, TemplateError

CALL = CallData(7, "g0c1", {"MethodName": "Send", "IsClientStreaming": "false"}, now_ns=1_700_000_000_123_456_789)


def rendered(text: str) -> str:
    return Template.parse(text).render(CALL)


def test_the_variables_and_functions_that_ghz_documents() -> None:
    assert set(VARIABLES) == {
        *("RequestNumber", "WorkerID", "Timestamp", "TimestampUnix", "TimestampUnixMilli", "TimestampUnixNano"),
        *("UUID", "FullyQualifiedName", "MethodName", "ServiceName", "InputName", "OutputName"),
        *("IsClientStreaming", "IsServerStreaming"),
    }
    assert set(FUNCTIONS) == {"newUUID", "randomString", "randomInt"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no action", "no action"),
        ("{{.RequestNumber}} {{ .WorkerID }}", "7 g0c1"),
        ("{{.MethodName}}/{{.IsClientStreaming}}", "Send/false"),
        ("{{.TimestampUnix}} {{.TimestampUnixMilli}}", "1700000000 1700000000123"),
        ("{{.TimestampUnixNano}}", "1700000000123456789"),
        ("a {{- .RequestNumber -}} b", "a7b"),
        ("a{{/* nothing */}}b", "ab"),
        ("{{randomInt 3 4}}{{randomInt -5 0}}", "30"),
    ],
)
def test_what_is_rendered(text: str, shown: str) -> None:
    assert rendered(text) == shown


def test_what_is_drawn() -> None:
    assert re.fullmatch(r"[A-Za-z0-9]{8}", rendered("{{randomString 8}}"))
    assert re.fullmatch(r"[A-Za-z0-9]{2,16}", rendered("{{randomString 0}}"))
    assert {rendered("{{randomInt 1 4}}") for _ in range(200)} == {"1", "2", "3"}
    first, second = rendered("{{newUUID}} {{newUUID}}").split()
    assert first != second
    first, second = rendered("{{.UUID}} {{.UUID}}").split()
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first)
    assert first == second


def test_a_time_is_rfc_3339() -> None:
    assert re.fullmatch(r"2023-11-1\dT\d\d:\d\d:20(Z|[+-]\d\d:\d\d)", rendered("{{.Timestamp}}"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{.Number}}", "there is no variable .Number; there are RequestNumber, "),
        ("{{.UUID | upper}}", "a variable stands alone"),
        ("{{if .UUID}}x{{end}}", "{{if .UUID}} is not understood: the variables .RequestNumber, "),
        ("{{upper .UUID}}", "the functions newUUID, randomString, randomInt are"),
        ("{{randomString}}", "write {{randomString LENGTH}}"),
        ("{{randomInt 1 .RequestNumber}}", "write {{randomInt MIN MAX}}"),
        ("{{randomInt 5 5}}", "no whole number from 5 to below 5"),
        ("{{.UUID", "unclosed action"),
        ("{{}}", "missing value for command"),
    ],
)
def test_what_is_not_understood_is_said(text: str, said: str) -> None:
    with pytest.raises(TemplateError, match=re.escape(said)):
        Template.parse(text)


def test_functions_may_be_switched_off() -> None:
    assert Template.parse("{{.RequestNumber}}", functions=False).has_actions
    with pytest.raises(TemplateError, match='function "newUUID" not defined'):
        Template.parse("{{newUUID}}", functions=False)
