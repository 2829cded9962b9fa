"""The same load by ghz and by `gatelab load`: what is printed, and what the server hears.

Figures are masked. What is only ours is named here; everything else must be the same.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gatelab.cli.load.command import load
from gatelab.cli.load.template import VARIABLES
from go_programs import built
from talking_server import TalkingServer

MIXED = '[{"text": "a"}, {"text": "nobody"}, {"text": "b"}]'
OUR_KEYS = {
    *("pods", "spread", "connections", "errors", "responseTimeDistribution", "intendedRps"),
    *("unsent", "waited", "retried", "series", "generator", "expectations", "notes"),
}
_FIGURE = re.compile(r"\d+(?:\.\d+)?(?: (?:ns|ms|s)\b)?")
_ROW = re.compile(r"^  [\d.]+ +\[\d+\] *\|∎*$")
_OURS = re.compile(r"^  99\.99? % in ")
_OUT_OF_TIME = re.compile(r"(?i)(context )?deadline exceeded")
"""Client and server both know the deadline; whose words are shown is chance."""
Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def ghz() -> str:
    try:
        found = built("ghz")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"ghz cannot be built here: {error}")
    if not found:
        pytest.skip("there is no Go to build ghz with")
    return found


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[TalkingServer]:
    server = TalkingServer(tmp_path)
    yield server
    server.stop()


def test_every_flag_is_known(ghz: str) -> None:
    told = subprocess.run([ghz, "--help"], capture_output=True, text=True, timeout=60, check=False)
    theirs = set(re.findall(r"^ +(-\w), --", told.stdout + told.stderr, flags=re.MULTILINE))
    theirs |= set(re.findall(r"^ +(?:-\w, )?(--[\w-]+)", told.stdout + told.stderr, flags=re.MULTILINE))
    ours = {name for each in load.params for name in each.opts} | {"-h", "--help", "--help-long", "--help-man"}
    assert len(theirs) > 60
    assert theirs - ours == set()


class Both:
    """Runs each program with the same arguments."""

    def __init__(self, ghz: str, talk: TalkingServer) -> None:
        self.programs = ([ghz], [sys.executable, "-m", "gatelab", "load"])
        self.talk = talk

    def outputs(self, *options: str, method: str = "Say") -> tuple[str, str]:
        """What ghz printed, and what we did. Exit codes: ghz has 0 in any case."""
        theirs, ours = self.ended(*options, method=method)
        assert theirs.returncode == 0, theirs.stderr
        assert ours.returncode in (0, 1), ours.stderr
        return theirs.stdout, ours.stdout

    def ended(self, *options: str, method: str = "Say", to: str = "", tls: bool = False) -> list[Ended]:
        """How ghz ended, and how we did; `to` stands for the server's address."""
        return [self._run(program, method, options, to=to, tls=tls) for program in self.programs]

    def heard(self, *options: str, method: str) -> tuple[list[list[str]], list[list[str]]]:
        """The texts that the server heard of ghz, and of us."""
        found = []
        for program in self.programs:
            self.talk.heard.clear()
            done = self._run(program, method, options)
            assert done.returncode == 0, done.stderr
            found.append([list(texts) for texts in self.talk.heard])
        return found[0], found[1]

    def _run(
        self, program: list[str], method: str, options: tuple[str, ...], *, to: str = "", tls: bool = False
    ) -> Ended:
        fixed = ["--proto", str(self.talk.proto), "--call", f"talk.Talk.{method}", "-c", "1"]
        arguments = [*program, *fixed, *([] if tls else ["--insecure"]), *options, to or self.talk.address]
        return subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def both(ghz: str, talk: TalkingServer) -> Both:
    return Both(ghz, talk)


def masked(summary: str) -> list[str]:
    """Lines without figures; rows of the histogram as one; the order of statuses does not matter, it is Go's map's."""
    lines = ["<row>" if _ROW.match(line) else _FIGURE.sub("<n>", line) for line in summary.rstrip("\n").split("\n")]
    return [line for line, raw in zip(lines, summary.split("\n"), strict=False) if not _OURS.match(raw)]


@pytest.mark.parametrize(
    "options",
    [
        ["-n", "20", "-d", '{"text": "a"}', "--name", "a run"],
        ["-n", "21", "-d", MIXED],
        ["-n", "3", "-d", '{"text": "nobody"}'],
    ],
)
def test_the_summary(both: Both, options: list[str]) -> None:
    theirs, ours = both.outputs(*options)
    order = sorted if "[OK]" in ours and "[NotFound]" in ours else list
    assert order(masked(ours)) == order(masked(theirs))


@pytest.mark.parametrize(
    ("options", "length", "said"),
    [
        ([], 5 * 2**20, ""),
        (["--max-recv-message-size", "4MiB"], 4 * 2**20, ""),
        (["--max-recv-message-size", "4MiB"], 4 * 2**20 + 1, "(4194305 vs. 4194304)"),
        (["--max-recv-message-size", "4MB"], 4 * 2**20, "(4194304 vs. 4000000)"),
        (["--max-recv-message-size", "0"], 9, "(9 vs. 0)"),
    ],
)
def test_a_long_answer_is_an_error_only_above_a_limit_that_was_given(
    both: Both, options: list[str], length: int, said: str
) -> None:
    text = length - (5 if length > 2**20 else 2)  # the field's tag, and its length as a varint
    theirs, ours = both.outputs("-n", "1", "-d", f'{{"text": "much {text}"}}', *options)
    if not said:
        assert "[OK]   1 responses" in ours
        assert "[OK]   1 responses" in theirs
    else:
        error = f"rpc error: code = ResourceExhausted desc = grpc: received message larger than max {said}"
        assert error in ours
        assert error in theirs


def test_a_deadline(both: Both) -> None:
    options = ("-n", "2", "-t", "200ms", "-d", '{"text": "wait"}')
    theirs, ours = (_OUT_OF_TIME.sub("<deadline exceeded>", text) for text in both.outputs(*options))
    assert masked(ours) == masked(theirs)
    assert "[DeadlineExceeded]   2 responses" in ours


NO_TLS = "tls: first record does not look like a TLS handshake"


@pytest.mark.parametrize(
    ("to", "tls", "ghz_says", "we_say"),
    [
        ("127.28.0.9:9", False, "connection refused", "connection refused"),
        # What comes after it depends on whether there is a name server to say that there is no such host.
        ("nobody.invalid:9", False, "lookup nobody.invalid", "no such host"),
        ("", True, NO_TLS, NO_TLS),
    ],
)
def test_no_connection_is_told_at_once_where_ghz_counts_calls(
    both: Both, to: str, tls: bool, ghz_says: str, we_say: str
) -> None:
    theirs, ours = both.ended("-n", "2", "-d", '{"text": "a"}', "--connect-timeout", "5s", to=to, tls=tls)
    assert (theirs.returncode, ours.returncode) == (0, 1)
    assert "[Unavailable]   2 responses" in theirs.stdout
    assert ghz_says in theirs.stdout
    assert ours.stdout == ""
    assert ours.stderr.startswith(f'Failed to dial target host "{to or both.talk.address}"')
    assert we_say in ours.stderr


@pytest.mark.parametrize(
    ("options", "theirs_say", "ours_say"),
    [
        (["--call", "talk.Talk.Shout"], 'service "talk.Talk" does not include a method named "Shout"', ""),
        (["--call", "talk.Walk.Say"], 'cannot find service "talk.Walk"', 'does not expose service "talk.Walk"'),
        (["--call", "Say"], "package.Service.Method or package.Service/Method", "not in expected format"),
        (["-d", '{"txt": 1}'], "talk.Word has no known field named txt", '"talk.Word" has no field named "txt"'),
        (["-d", "{"], "unexpected end of JSON input", "request data is not JSON"),
        (["--proto", "nowhere.proto"], "nowhere.proto: no such file or directory", "nowhere.proto: No such file"),
        (["--cacert", "nowhere.pem"], "could not read ca certificate", "could not read CA certificates"),
        (["-n", "2", "--skipFirst", "3"], "you cannot skip more requests than those run", ""),
        (["-z", "5"], 'missing unit in duration "5"', "'5' is not a duration"),
    ],
)
def test_what_is_wrong_is_said_without_a_call(both: Both, options: list[str], theirs_say: str, ours_say: str) -> None:
    """Where ours_say is empty, the words are the same."""
    fixed = {"-d": '{"text": "a"}', "--call": "talk.Talk.Say", "--proto": str(both.talk.proto), "-c": "1"}
    given = [word for name, value in fixed.items() if name not in options for word in (name, value)]
    mode = [] if "--cacert" in options else ["--insecure"]
    ends = []
    for program in both.programs:
        arguments = [*program, *given, *mode, *options, both.talk.address]
        ends.append(subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False))
    theirs, ours = ends
    assert theirs_say in theirs.stderr
    assert (ours_say or theirs_say) in ours.stderr
    assert theirs.returncode == 1
    assert ours.returncode in (1, 2)
    assert theirs.stdout == ours.stdout == ""
    assert both.talk.heard == []


@pytest.mark.parametrize("data", ['{"text": "a"}', MIXED])
def test_the_json(both: Both, data: str) -> None:
    options = ("-n", "6", "-d", data, "-O", "pretty", "--name", "x", "--tags", '{"a": "b"}', "-r", "200")
    theirs, ours = (json.loads(text) for text in both.outputs(*options, "-m", '{"x-a": "{{.MethodName}}"}'))
    assert set(ours) - set(theirs) == OUR_KEYS
    assert set(theirs) <= set(ours)
    for same in ("name", "endReason", "count", "errorDistribution", "statusCodeDistribution", "tags"):
        assert ours[same] == theirs[same]
    volatile = {"CPUs", "metadata"}
    assert {k: v for k, v in ours["options"].items() if k not in volatile} == {
        k: v for k, v in theirs["options"].items() if k not in volatile
    }
    assert set(ours["options"]) == set(theirs["options"])
    assert [set(each) for each in ours["details"]] == [set(each) for each in theirs["details"]]
    assert [each["status"] for each in ours["details"]] == [each["status"] for each in theirs["details"]]
    assert [set(each) for each in ours["histogram"]] == [set(each) for each in theirs["histogram"]]
    percents = [each["percentage"] for each in theirs["latencyDistribution"]]
    assert [each["percentage"] for each in ours["latencyDistribution"]] == [*percents, 99.9, 99.99]


def test_the_csv(both: Both) -> None:
    theirs, ours = both.outputs("-n", "6", "-d", MIXED, "-O", "csv")
    assert re.sub(r"\d+\.\d\d", "<ms>", ours) == re.sub(r"\d+\.\d\d", "<ms>", theirs)


@pytest.mark.parametrize("schedule", ["", "--concurrency-schedule step --load-schedule line"])
def test_the_metrics(both: Both, schedule: str) -> None:
    more = (
        "--concurrency-start 1 --concurrency-end 3 --concurrency-step-duration 1s --load-start 50 --load-step 5 "
        "--load-end 90 --load-max-duration 5s"
    )
    options = f"{schedule} {more}".split() if schedule else []
    theirs, ours = (
        _metrics(text) for text in both.outputs("-n", "6", "-d", '{"text": "a"}', *options, "-O", "prometheus")
    )
    assert ours == theirs


def _metrics(text: str) -> dict[str, Any]:
    """Samples with their labels, but for the figures and the buckets' edges."""
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if name not in ("le", "quantile", "CPUs")}
            found.setdefault(f"{family.type} {sample.name}", labels)
    return found


@pytest.mark.parametrize("form", ["influx-summary", "influx-details"])
def test_the_lines_for_influx(both: Both, form: str) -> None:
    options = ("-n", "3", "-d", MIXED, "--name", "a b", "--tags", '{"a": "b c"}', "-z", "0s", "-O", form)
    theirs, ours = both.outputs(*options)
    figures = re.compile(r"(?<=[= ])\d+(?:\.\d+)?(?=[ ,\n]|$)")
    assert figures.sub("<n>", ours.rstrip("\n")) == figures.sub("<n>", theirs.rstrip("\n"))


def test_the_sections_of_the_page(both: Both) -> None:
    theirs, ours = both.outputs("-n", "3", "-d", MIXED, "-O", "html")
    headings = re.findall(r"<h3>([^<]+)</h3>", theirs)
    assert len(headings) == 6 + 1
    assert [each for each in re.findall(r"<h2[^>]*>([^<]+)</h2>", ours) if each in headings] == headings


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("Say", ["-d", '[{"text": "a"}, {"text": "b"}, {"text": "c {{.RequestNumber}}"}]', "-n", "7"]),
        ("Listen", ["-d", '[{"text": "a"}, {"text": "b"}, {"text": "c"}]', "-n", "2"]),
        ("Listen", ["-d", '[{"text": "a"}, {"text": "b"}, {"text": "c"}]', "-n", "2", "--stream-call-count", "5"]),
        ("Chat", ["-d", '[{"text": "a"}, {"text": "b"}, {"text": "c"}]', "-n", "2", "--stream-call-count", "2"]),
        ("Tell", ["-d", '[{"text": "a"}, {"text": "b"}]', "-n", "3"]),
    ],
)
def test_what_is_sent(both: Both, method: str, options: list[str]) -> None:
    theirs, ours = both.heard(*options, method=method)
    assert ours == theirs


def test_the_variables(both: Both) -> None:
    text = (
        "|".join(f"{name}={{{{.{name}}}}}" for name in VARIABLES) + "|{{newUUID}}|{{randomString 5}}|{{randomInt 3 4}}"
    )
    data = json.dumps({"text": text})
    theirs, ours = both.heard("-d", data, "-n", "2", "--name", "run", method="Say")
    assert [_drawn(each) for each in ours] == [_drawn(each) for each in theirs]
    assert ours[1][0].startswith("RequestNumber=1|WorkerID=run:g0c0|Timestamp=")
    assert "|FullyQualifiedName=talk.Talk.Say|MethodName=Say|ServiceName=Talk|InputName=Word|" in ours[1][0]


def _drawn(texts: list[str]) -> str:
    """Digits of times, UUIDs and the drawn string masked, their lengths kept."""
    text = re.sub(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uuid>", texts[0])
    text = re.sub(r"\|\w{5}\|3$", "|<5>|3", text)
    return re.sub(r"(Timestamp\w*=)([^|]+)", lambda found: found[1] + re.sub(r"\d", "0", found[2]), text)


def test_metadata_and_configuration(both: Both, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        'total = 2\nconcurrency = 1\ntimeout = "3s"\nunheard-of = 1\n[data]\ntext = "{{.RequestNumber}}"\n'
        '[metadata]\nx-number = "n{{.RequestNumber}}"\nx-raw-bin = "AAE="\n'
    )
    found = []
    for program in both.programs:
        both.talk.metadata.clear()
        arguments = ["--config", str(file), "--proto", str(both.talk.proto), "--call", "talk.Talk.Say", "--insecure"]
        subprocess.run([*program, *arguments, both.talk.address], check=True, timeout=60, capture_output=True)
        found.append([{k: v for k, v in each.items() if k.startswith("x-")} for each in both.talk.metadata])
    assert found[1] == found[0] == [{"x-number": f"n{n}", "x-raw-bin": b"\x00\x01"} for n in range(2)]


def test_what_grpc_sets_itself_is_not_taken_from_the_metadata(both: Both) -> None:
    metadata = {"x-a": "1", "content-type": "text/plain", "te": "x", "grpc-timeout": "1n", "Grpc-Encoding": "gzip"}
    heard = []
    for done in both.ended("-n", "1", "-d", '{"text": "a"}', "-m", json.dumps(metadata)):
        assert done.returncode == 0, done.stderr
        heard.append({k: v for k, v in both.talk.metadata.pop().items() if k != "user-agent"})
    assert heard[1] == heard[0] == {"x-a": "1"}
