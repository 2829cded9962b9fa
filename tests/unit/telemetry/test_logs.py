"""Log lines: JSON, without secrets, in files that do not grow without bound."""

import json
import logging
import os
import stat
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatelab.telemetry.json_lines import JsonLines
from gatelab.telemetry.log_file import LogFile, all_files, opened_after, rotate, rotated
from gatelab.telemetry.redaction import REDACTED, Redactor, names_a_secret

PEM = "-----BEGIN PRIVATE KEY-----\n"
PEM += "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQ\nqgYIKoZIzj0\n-----END PRIVATE KEY-----\n"


@pytest.fixture
def logger(tmp_path: Path) -> Iterator[logging.Logger]:
    handler = LogFile(tmp_path / "a.log", takes_output=False, limit_bytes=2000)
    handler.setFormatter(JsonLines(Redactor([b"the-token-of-the-lab"])))
    logger = logging.getLogger("gatelab.of_this_test")
    logger.propagate = False
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield logger
    logger.removeHandler(handler)
    handler.close()


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_has_time_level_logger_message_and_what_it_is_about(logger: logging.Logger, tmp_path: Path) -> None:
    logger.info("two\nlines of %s", "it", extra={"controller": "dns", "object": "shop/till"})
    logger.debug("not at this level")
    (line,) = lines(tmp_path / "a.log")
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "gatelab.of_this_test",
        "message": "two\nlines of it",
        "controller": "dns",
        "object": "shop/till",
    }
    assert stat.S_IMODE((tmp_path / "a.log").stat().st_mode) == 0o600


def test_a_traceback_is_a_field_and_no_secret_is_in_any(logger: logging.Logger, tmp_path: Path) -> None:
    try:
        raise ValueError(f"asked with the-token-of-the-lab and {PEM}")
    except ValueError:
        logger.exception("failed for the-token-of-the-lab", extra={"object": "the-token-of-the-lab"})
    (line,) = lines(tmp_path / "a.log")
    assert "Traceback" in line["exception"]
    text = json.dumps(line)
    assert "the-token" not in text
    assert "MIGHAg" not in text
    assert line["message"] == f"failed for {REDACTED}"


def test_a_file_is_rotated_by_size_and_five_are_kept(logger: logging.Logger, tmp_path: Path) -> None:
    for number in range(200):
        logger.info("line %03d %s", number, "x" * 100)
    path = tmp_path / "a.log"
    files = all_files(path)
    assert files == [*(rotated(path, age) for age in (4, 3, 2, 1)), path]
    assert all(each.stat().st_size <= 2000 for each in files)
    numbers = [int(line["message"].split()[1]) for each in files for line in lines(each)]
    assert numbers == list(range(200 - len(numbers), 200)), "the newest, and in order"


def test_a_process_gives_its_output_to_the_file_across_rotations(tmp_path: Path) -> None:
    program = (
        "import logging, sys\n"
        "from pathlib import Path\n"
        "from gatelab.telemetry import log_file, logs\n"
        "log_file.LogFile.__init__.__kwdefaults__['limit_bytes'] = 500\n"
        "logs.log_to_file(Path(sys.argv[1]), 'debug', secrets=[], takes_output=True)\n"
        "for number in range(8): logging.debug('x' * 100)\n"
        "raise SystemExit('a last word')\n"
    )
    path = tmp_path / "p.log"
    subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=20)
    assert rotated(path).exists()
    assert path.read_text().endswith("a last word\n")


def test_what_ends_a_process_is_in_its_log_without_secrets(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from gatelab.telemetry.logs import log_to_file\n"
        "log_to_file(Path(sys.argv[1]), 'info', secrets=[b'the-token'], takes_output=True)\n"
        "raise ValueError('the-token is wrong')\n"
    )
    path = tmp_path / "p.log"
    subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=20)
    (line,) = lines(path)
    assert (line["level"], line["message"]) == ("critical", "the process ends: ValueError")
    assert line["exception"].endswith("ValueError: [redacted] is wrong")


def test_a_reader_goes_on_with_the_next_file_however_many_there_were(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_text("0")
    fd = os.open(path, os.O_RDONLY)
    seen = []
    for number in (1, 2, 3):
        rotate(path)
        path.write_text(str(number))
    while (successor := opened_after(path, fd)) is not None:
        os.close(fd)
        fd = successor
        seen.append(os.read(fd, 10))
    os.close(fd)
    assert seen == [b"1", b"2", b"3"]


def test_a_reader_that_was_too_slow_goes_on_with_the_oldest_that_is_left(tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    path.write_text("0")
    fd = os.open(path, os.O_RDONLY)
    for number in range(1, 8):
        rotate(path)
        path.write_text(str(number))
    successor = opened_after(path, fd)
    assert successor is not None
    assert os.read(successor, 10) == b"3", "of 3, 4, 5, 6 and 7"
    os.close(fd)
    os.close(successor)


_values = st.binary(min_size=8, max_size=200).filter(lambda value: len(value.strip()) >= 8)


@given(_values, st.sampled_from(["", "x", "xy"]))
def test_no_form_of_a_known_value_is_left(value: bytes, before: str) -> None:
    redact = Redactor([value])
    assert b64encode(value).decode() not in redact(f"data: {b64encode(value).decode()}")
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return
    assert text.strip() not in redact(f"{before}{text}{before}").replace(REDACTED, "")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (PEM, f"{REDACTED}\n"),
        (f"key: {PEM.encode().decode()!r} end", f"key: '{REDACTED}\\n' end"),
        ("Authorization: Bearer abcdefgh12345678.x", f"Authorization: Bearer {REDACTED}"),
        ("b'authorization': b'Bearer abcdefgh12345678'", f"b'authorization': b'Bearer {REDACTED}'"),
        ("jwt eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.c2ln end", f"jwt {REDACTED} end"),
        ("PASSWORD=hunter2 USER=me", f"PASSWORD={REDACTED} USER=me"),
        ('{"db_password": "hunter two", "a": 1}', f'{{"db_password": "{REDACTED}", "a": 1}}'),
        ('"{\\"token\\": \\"hunter2\\"}"', f'"{{\\"token\\": \\"{REDACTED}\\"}}"'),
        ('{"privateKey": {"size": 256}, "secret": ["a-name"]}', None),
        ("secretName: hello-tls, automountServiceAccountToken: false", None),
        ("postgres://me:hunter2@db:5432/x", f"postgres://me:{REDACTED}@db:5432/x"),
        ("the pod default/web is ready, 5 of 5", None),
        ("secret default/tls was not found", None),
    ],
)
def test_what_looks_like_a_secret_goes_and_the_rest_stays(text: str, kept: str | None) -> None:
    assert Redactor()(text) == (text if kept is None else kept)


def test_names_of_secrets() -> None:
    assert all(map(names_a_secret, ("DB_PASSWORD", "apiKey", "GITHUB_TOKEN", "client-secret", "TLS_KEY")))
    assert not any(map(names_a_secret, ("KEYBOARD", "HOME", "GATELAB_POD_IP", "PORT")))
