import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatelab.cli.call.command import call
from market_server import speaking

PROTO = "examples/hello-grpc/greetings.proto"
SEND = "greetings.GreetMe/Send"
REQUEST = "greetings.GreetRequest"


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(call, [*arguments], input=stdin, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.chdir(pytestconfig.rootpath)


@pytest.mark.parametrize("dash", ["-", "--"])
def test_a_call_prints_the_response_as_json(greeter: str, dash: str) -> None:
    done = run(f"{dash}plaintext", f"{dash}proto", PROTO, "-d", '{"name": "you", "delay_ms": 1}', greeter, SEND)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == '{\n  "greeting": "Hello you!"\n}\n'


def test_data_comes_from_stdin(greeter: str) -> None:
    done = run("-plaintext", "-proto", PROTO, "-d", "@", greeter, SEND, stdin='{"name": "stdin"}')
    assert json.loads(done.stdout) == {"greeting": "Hello stdin!"}


def test_a_status_is_told_and_is_the_exit_code(greeter: str) -> None:
    done = run("-plaintext", "-proto", PROTO, "-d", '{"name": "nobody"}', greeter, SEND)
    assert done.exit_code == 64 + 5
    assert (done.stdout, done.stderr) == ("", "ERROR:\n  Code: NotFound\n  Message: nobody is here\n")


def test_verbose_shows_everything_around_the_response(greeter: str) -> None:
    done = run("-vv", "-plaintext", "-proto", PROTO, "-H", "X-Tag: a b", "-d", '{"name": "you"}', greeter, SEND)
    blocks = [line for line in done.stdout.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert blocks == [
        "Resolved method descriptor:",
        "Request metadata to send:",
        "Response headers received:",
        "Response contents:",
        "Response trailers received:",
    ]
    assert "rpc Send ( .greetings.GreetRequest ) returns ( .greetings.GreetResponse );" in done.stdout
    assert "\nx-tag: a b\n" in done.stdout
    assert "\nEstimated response size: 12 bytes\n" in done.stdout
    assert "'x-tag': 'a b'" in done.stdout
    assert "\n(empty)\nSent 1 request and received 1 response\nTiming Data: " in done.stdout


def test_nobody_listens() -> None:
    done = run("-plaintext", "-proto", PROTO, "127.28.0.3:9", SEND)
    assert done.exit_code == 1
    assert done.stderr.startswith('Failed to dial target host "127.28.0.3:9": ')
    assert "connection refused" in done.stderr


def test_without_a_lab_a_name_that_nobody_knows_leads_to_it() -> None:
    done = run("-plaintext", "-proto", PROTO, "gateway.invalid:80", SEND)
    assert done.exit_code == 1
    assert done.stderr.startswith('Failed to dial target host "gateway.invalid:80": ')
    assert "(KUBECONFIG is not set and no lab 'gatelab' runs; the system's resolver was asked)" in done.stderr


def test_a_connection_that_breaks_is_a_status() -> None:
    with speaking("127.28.0.4", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00") as port:
        done = run("-plaintext", "-max-time", "10", "-proto", PROTO, f"127.28.0.4:{port}", SEND)
    assert done.exit_code == 64 + 14
    assert done.stderr.startswith("ERROR:\n  Code: Unavailable\n  Message: ")


def test_tls_against_plaintext_is_named(greeter: str) -> None:
    done = run("-insecure", "-proto", PROTO, greeter, SEND)
    assert done.exit_code == 1
    assert "first record does not look like a TLS handshake" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-proto", PROTO, "-d", '{"nme": "x"}', "{}", SEND], 'Error invoking method "greetings.GreetMe/Send": '),
        (["-proto", PROTO, "{}", "greetings.GreetMe/Sent"], 'does not include a method named "Sent"'),
        (["-proto", "absent.proto", "{}", SEND], "Failed to process proto source files."),
        (["{}", SEND], "reflection API\nHint: pass the service's -proto"),
    ],
)
def test_what_cannot_be_called_is_exit_1(greeter: str, arguments: list[str], text: str) -> None:
    done = run("-plaintext", *(each.replace("{}", greeter) if each == "{}" else each for each in arguments))
    assert (done.exit_code, text in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["host:1"],
        ["-proto", PROTO, "-protoset", "x", "host:1", SEND],
        ["-plaintext", "-insecure", "host:1", SEND],
        ["host:1", SEND, "more"],
        ["-plaintext", "-max-time", "-1", "host:1", SEND],
        ["-plaintext", "-max-time", "x", "host:1", SEND],
        ["-alts", "host:1", SEND],
        ["-nonsense", "host:1", SEND],
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Try 'call -help' for more details." in done.stderr


def test_list_and_describe_from_files() -> None:
    assert run("-proto", PROTO, "unused:1", "list").stdout == "greetings.GreetMe\n"
    assert run("-proto", PROTO, "unused:1", "list", "greetings.GreetMe").stdout == "greetings.GreetMe.Send\n"
    described = run("-proto", PROTO, "unused:1", "describe", "greetings.GreetResponse").stdout
    assert described == ("greetings.GreetResponse is a message:\nmessage GreetResponse {\n  string greeting = 1;\n}\n")


def test_files_need_no_address() -> None:
    assert run("-proto", PROTO, "list").stdout == "greetings.GreetMe\n"
    assert run("-proto", PROTO, "list", "greetings.GreetMe").stdout == "greetings.GreetMe.Send\n"
    assert run("-proto", PROTO, "describe").stdout.startswith("greetings.GreetMe is a service:\n")
    assert run("list").exit_code == 2


def test_a_type_is_described_as_it_is_shown_with_a_leading_dot() -> None:
    with_dot, without = (run("-proto", PROTO, "describe", name) for name in (".greetings.GreetRequest", REQUEST))
    assert (with_dot.exit_code, with_dot.stdout) == (0, without.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-proto", PROTO, "describe", "a.B"], 'Failed to resolve symbol "a.B": Symbol not found: a.B\n'),
        (["-proto", PROTO, "list", "a.B"], 'Failed to list methods for service "a.B": Symbol not found: a.B\n'),
        (["-plaintext", "{}", "list"], "Failed to list services: server does not support the reflection API"),
        (["-plaintext", "{}", "describe"], "Failed to list services: server does not support the reflection API"),
        (["-plaintext", "{}", "describe", "a.B"], 'Failed to resolve symbol "a.B": server does not support the refl'),
    ],
)
def test_what_cannot_be_listed_or_described_is_named(greeter: str, arguments: list[str], said: str) -> None:
    done = run(*(greeter if each == "{}" else each for each in arguments))
    assert (done.exit_code, done.stderr[: len(said)]) == (1, said)


def test_a_kubeconfig_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text("[]")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    done = run("-plaintext", "-proto", PROTO, "shop.test:1", SEND)
    assert (done.exit_code, done.stderr.startswith("kubeconfig ")) == (1, True)
