import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gatelab.cli.load.command import load

PROTO = "examples/hello-grpc/greetings.proto"
CALL = ("--proto", PROTO, "--call", "greetings.GreetMe/Send", "--insecure")


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(load, [*arguments], input=stdin, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    monkeypatch.chdir(pytestconfig.rootpath)


def test_the_experiments_ghz_command_is_understood() -> None:
    """As it is typed there, program name apart; what is missing here is the target."""
    arguments = "--cpus 4 --duration 60s --connections 5 --rps 100 --call greetings.GreetMe/Send --skipTLS 127.28.0.3:9"
    done = run("--proto", PROTO, "-d", '{"name": "Bittrance", "delay_ms": 1}', *arguments.split())
    assert done.exit_code == 1
    assert done.stderr.startswith('Failed to dial target host "127.28.0.3:9": ')


def test_a_run_is_reported(greeter: str) -> None:
    done = run(*CALL, "-d", '{"name": "you"}', "--rps", "500", "-n", "50", "-O", "json", greeter)
    assert (done.exit_code, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert (report["count"], report["statusCodeDistribution"], report["pods"]) == (50, {"OK": 50}, {"pod-1": 50})
    assert report["options"]["call"] == "greetings.GreetMe/Send"
    assert report["endReason"] == "normal"


def test_the_summary_is_for_people(greeter: str) -> None:
    done = run(*CALL, "-d", '{"name": "you"}', "--rps", "500", "-n", "20", greeter)
    assert "  Count:\t20" in done.stdout
    assert "  pod-1  20  100.0%" in done.stdout


def test_a_report_goes_into_a_file(greeter: str, tmp_path: Path) -> None:
    done = run(*CALL, "-d", "@", "-n", "5", "-O", "pretty", "-o", str(tmp_path / "out"), greeter, stdin='{"name": "x"}')
    assert (done.exit_code, done.stdout) == (0, "")
    assert json.loads((tmp_path / "out").read_text())["count"] == 5


def test_failed_calls_are_exit_1(greeter: str) -> None:
    done = run(*CALL, "-d", '{"name": "nobody"}', "-n", "5", "-c", "1", "-O", "json", greeter)
    assert done.exit_code == 1
    assert json.loads(done.stdout)["statusCodeDistribution"] == {"NotFound": 5}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rps", "fast"], "'fast' is not a valid float"),
        (["--duration", "60"], "'60' is not a duration: write it as 60s"),
        (["--connections", "5", "-c", "2"], "number of connections (5) must be at least 1 and not greater than"),
        (["-d", "{}", "-D", "file"], "give --data or --data-file, not both"),
        (["--protoset", "x"], "give --proto or --protoset, not both"),
        (["--cert", "x"], "--cert and --key go together"),
        (["--tags", "[1]"], "--tags is a JSON object of strings"),
        (["--lb-strategy", "round_robin"], "--lb-strategy round_robin is not to be had"),
        (["--skipFirst", "300"], "you cannot skip more requests than those run"),
        (["--async", "-z", "1s"], "--async with --duration and no rate"),
        (["--async", "--concurrency-schedule", "step"], "--concurrency-schedule would do nothing"),
        (["--load-schedule", "step"], "load start must be above 0"),
        (["--load-schedule", "line", "--load-start", "5"], "load step must not be 0"),
        (["--load-schedule", "poisson"], "rate must be above 0"),
        (["--concurrency-schedule", "line", "--concurrency-start", "0"], "concurrency start"),
        (["--expect", "p99"], "write it as 'p99<10ms'"),
        (["--expect", "speed>1"], "there is no figure 'speed'"),
        (["--expect", "p99<10"], "'10' is not a duration"),
        (["--max-send-message-size", "big"], "'big' is not a size: write it as 4MB"),
        (["--config", "/absent.json"], "--config /absent.json"),
    ],
)
def test_wrong_usage_is_exit_2(arguments: list[str], said: str) -> None:
    done = run(*CALL, *arguments, "127.28.0.3:9")
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-d", '{"nme": 1}'], "nme"),
        (["-d", '{"name": "{{.Number}}"}'], "there is no variable .Number"),
        (["-d", "[]"], "data array must hold at least one message"),
        (["-d", '[{"name": "a"}, {"nme": "b"}]'], "nme"),
        (["-d", '{"count": "{{randomString 3}}"}'], "count"),
        (["-d", '{"name": "a"}', "--stream-dynamic-messages"], "wants a template in the data"),
        (["-d", '{"name": "{{newUUID}}"}', "--stream-dynamic-messages"], "is a unary RPC"),
        (["--metadata", "[1]"], "--metadata is a JSON object of strings"),
        (["--metadata", '{"x-a-bin": "?"}'], "is not base64"),
        (["-D", "/absent"], "could not read --data-file"),
    ],
)
def test_data_that_cannot_be_sent_is_exit_1(arguments: list[str], said: str) -> None:
    done = run(*CALL, *arguments, "127.28.0.3:9")
    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
