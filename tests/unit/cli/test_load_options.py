"""What options and configuration files make of a run, end to end against a server in this process."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from google.protobuf.internal.encoder import _VarintBytes  # type: ignore[attr-defined]
from prometheus_client.parser import text_string_to_metric_families

from gatelab.call.protoc import compile_protos
from gatelab.call.schema import Schema
from gatelab.cli.load.command import load

ROOT = Path(__file__).parents[3]
PROTO = ROOT / "examples" / "hello-grpc" / "greetings.proto"
METHOD = Schema(compile_protos([str(PROTO)])).method("greetings.GreetMe/Send")
CALL = ("--proto", str(PROTO), "--call", "greetings.GreetMe/Send", "--insecure")


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(load, [*arguments], input=stdin, catch_exceptions=False)


def report(*arguments: str, stdin: str | bytes | None = None) -> dict[str, Any]:
    done = run(*CALL, "-O", "json", *arguments, stdin=stdin)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_array_of_data_goes_round(greeter: str) -> None:
    found = report("-d", '[{"name": "a"}, {"name": "nobody"}, {"name": "b"}]', "-n", "9", "-c", "1", greeter)
    assert [each["status"] for each in found["details"]] == ["OK", "NotFound", "OK"] * 3
    assert found["details"][1]["error"] == "rpc error: code = NotFound desc = nobody is here"


@pytest.mark.parametrize(
    "data",
    [
        '{"count": "{{.RequestNumber}}", "name": "{{randomString 4}}"}',
        '{"count": {{randomInt 1 5}}}',
        '[{"name": "a"}]',
    ],
)
def test_templates_in_data(greeter: str, data: str) -> None:
    assert report("-d", data, "-n", "5", greeter)["statusCodeDistribution"] == {"OK": 5}


def test_templates_may_be_left_as_they_are(greeter: str) -> None:
    found = report("-d", '{"name": "{{if}}"}', "--disable-template-data", "-n", "2", greeter)
    assert found["statusCodeDistribution"] == {"OK": 2}


def test_metadata_may_be_a_template(greeter: str, tmp_path: Path) -> None:
    file = tmp_path / "metadata.json"
    file.write_text('{"x-number": "{{.RequestNumber}}", "x-raw-bin": "AAE=", "authorization": "t"}')
    found = report("-M", str(file), "-n", "3", greeter)
    assert found["statusCodeDistribution"] == {"OK": 3}
    assert found["options"]["metadata"]["authorization"] == "(withheld)"


@pytest.mark.parametrize("several", [True, False])
def test_binary_data(greeter: str, tmp_path: Path, several: bool) -> None:
    encoded = [METHOD.request(name=name).SerializeToString() for name in ("a", "nobody")]
    data = b"".join(_VarintBytes(len(each)) + each for each in encoded) if several else encoded[1]
    file = tmp_path / "data.bin"
    file.write_bytes(data)
    expected = {"OK": 2, "NotFound": 2} if several else {"NotFound": 4}
    assert report("-B", str(file), "-n", "4", greeter)["statusCodeDistribution"] == expected
    assert report("-b", "-n", "4", greeter, stdin=data)["statusCodeDistribution"] == expected


def test_what_changes_the_count(greeter: str) -> None:
    found = report("-n", "20", "--skipFirst", "5", "-d", '{"name": "nobody"}', "--count-errors", greeter)
    assert (found["count"], found["options"]["skipFirst"], len(found["histogram"])) == (15, 5, 11)


@pytest.mark.parametrize(
    "options",
    [
        "--async",
        "--async --rps 500",
        "--load-schedule step --load-start 100 --load-step 100 --load-step-duration 50ms --load-end 500",
        "--load-schedule line --load-start 100 --load-step 500 --load-max-duration 1s",
        "--load-schedule poisson --rps 500",
        "--concurrency-schedule step --concurrency-start 1 --concurrency-end 5 --concurrency-step-duration 10ms",
        "-e --keepalive 1s --max-recv-message-size 1KB --max-send-message-size 1MiB -t 0",
        "--lb-strategy pick_first --cpus 2",
    ],
)
def test_ways_to_run(greeter: str, options: str) -> None:
    found = report("-n", "30", *options.split(), f"dns:///{greeter}")
    assert (found["statusCodeDistribution"], found["endReason"]) == ({"OK": 30}, "normal")


@pytest.mark.parametrize("schedule", ["const", "poisson"])
def test_the_rate_that_was_asked_for(greeter: str, schedule: str) -> None:
    assert report("-n", "5", "-r", "500", "--load-schedule", schedule, greeter)["intendedRps"] == 500


def test_an_end_by_time_is_ghzs_timeout(greeter: str) -> None:
    found = report("-z", "100ms", "-r", "50", "--duration-stop", "ignore", greeter)
    assert (found["endReason"], found["errorDistribution"], found["options"]["total"]) == ("timeout", {}, 2147483647)


@pytest.mark.parametrize(
    ("expected", "code"),
    [(["errors<=5"], 0), (["errors==0"], 1), (["p99<1h", "error_rate<=100%"], 0), (["p99<1h"], 1), (["p99<1ns"], 1)],
)
def test_expectations_decide_the_exit_code(greeter: str, expected: list[str], code: int) -> None:
    options = [part for each in expected for part in ("--expect", each)]
    done = run(*CALL, "-n", "10", "-d", '[{"name": "a"}, {"name": "nobody"}]', *options, greeter)
    assert done.exit_code == code
    assert all(f": {each} (it is " in done.stdout for each in expected)


def test_a_configuration_file_is_below_the_command_line(greeter: str, tmp_path: Path) -> None:
    values = {
        "proto": str(PROTO),
        "call": "greetings.GreetMe/Send",
        "insecure": True,
        "total": 7,
        "concurrency": 2,
        "data": {"name": "{{randomString 5}}"},
        "metadata": {"x-a": "b"},
        "tags": {"env": "test"},
        "import-paths": [str(ROOT), str(tmp_path)],
        "timeout": "3s",
        "format": "json",
        "SKIPFIRST": 1,
        "host": greeter,
        "nonsense": 1,
    }
    file = tmp_path / "config.json"
    file.write_text(json.dumps(values))
    done = run("--config", str(file), "-n", "5")
    assert done.stderr == f"note: {file}: there is no option 'nonsense'; it is ignored\n"
    found = json.loads(done.stdout)
    assert (done.exit_code, found["count"], found["tags"]) == (0, 4, {"env": "test"})
    assert found["options"]["timeout"] == 3_000_000_000
    assert found["options"]["import-paths"][-2:] == [str(ROOT), str(tmp_path)]
    file.write_text(json.dumps({**values, "data-file": "/absent"}))
    assert json.loads(run("--config", str(file), "-d", '{"name": "x"}').stdout)["count"] == 6


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.toml", 'call = "greetings.GreetMe/Send"\ninsecure = true\ntotal = 3\n[data]\nname = "a"\n'),
        ("config.yaml", "call: greetings.GreetMe/Send\ninsecure: true\ntotal: 3\ndata: {name: a}\n"),
    ],
)
def test_other_configuration_files(greeter: str, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    done = run("--config", str(tmp_path / name), "--proto", str(PROTO), "-O", "json", greeter)
    assert json.loads(done.stdout)["count"] == 3


@pytest.mark.parametrize("text", ["{", '{"timeout": 5, "total": "many"}', "[]", '{"name": ["a"]}', '{"timeout": 5}'])
def test_a_configuration_file_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.json").write_text(text)
    assert run(*CALL, "--config", str(tmp_path / "c.json"), "127.28.0.3:9").exit_code == 2


def test_tables(greeter: str) -> None:
    data = ("-d", '[{"name": "a"}, {"name": "nobody"}]', "-n", "4", "-c", "1", "--name", "my run", greeter)
    rows = run(*CALL, "-O", "csv", *data).stdout.splitlines()
    assert rows[:2] == ["", "duration (ms),status,error"]
    assert [row.split(",", 1)[1] for row in rows[2:4]] == [
        "OK,",
        "NotFound,rpc error: code = NotFound desc = nobody is here",
    ]
    line = run(*CALL, "-O", "influx-summary", *data).stdout
    assert line.startswith(f'ghz_run,name="my\\ run",proto="{PROTO}",call="greetings.GreetMe/Send",host=')
    assert ",errors=2,has_errors=true count=4,total=" in line
    lines = run(*CALL, "-O", "influx-details", *data).stdout.splitlines()
    assert [line.startswith("ghz_detail,name=") for line in lines] == [True] * 4
    assert ["hasError=true" in line for line in lines] == [False, True] * 2


def test_metrics_are_read_by_what_reads_them(greeter: str) -> None:
    text = run(*CALL, "-O", "prometheus", "-n", "20", greeter).stdout
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["ghz_run_count"].samples[0].value == 20
    buckets = [each for each in families["ghz_run_histogram"].samples if each.name.endswith("_bucket")]
    assert [each.value for each in buckets] == sorted(each.value for each in buckets)
    assert (buckets[-1].labels["le"], buckets[-1].value) == ("+Inf", 20)
    quantiles = [each.labels["quantile"] for each in families["ghz_run_latency"].samples if "quantile" in each.labels]
    assert quantiles[2] == "0.5"


def test_a_page_that_needs_no_network(greeter: str) -> None:
    page = run(*CALL, "-O", "html", "-n", "5", "--name", "<b>", "--tags", '{"a": "&"}', greeter).stdout
    assert "http" not in page.replace("http-equiv", "")
    assert "<b>" not in page
    for heading in ("Summary", "Histogram", "Latency distribution", "Status distribution", "Data", "Options"):
        assert f">{heading}</h2>" in page


def test_a_log_of_what_happened(greeter: str, tmp_path: Path) -> None:
    run(*CALL, "-n", "3", "--debug", str(tmp_path / "log"), greeter)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["msg"] for line in lines] == ["Start Run", *["Received RPC Stats"] * 3, "Run finished"]


def test_what_is_wanted_at_least() -> None:
    assert "call required" in run("--insecure", "127.28.0.3:9").stderr
    assert "host required" in run(*CALL).stderr
