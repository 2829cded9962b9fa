"""`gatelab debug` of a lab that does not run: what is in the bundle, and what is not."""

import asyncio
import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from bundles import found_in, opened
from gatelab.cli.main import main
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE, POD, SECRET
from gatelab.node.place import LabPlace
from gatelab.store import Store

PASSWORD = "correct horse battery staple"
BINARY = bytes(range(40))
TOKEN = "tok-0123456789abcdef"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def b64(value: str | bytes) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def secret() -> dict[str, Any]:
    data = {"password": b64(PASSWORD), "key.bin": b64(BINARY), "short": b64("abc")}
    return {
        "metadata": {"name": "db", "namespace": "default", "annotations": {LAST_APPLIED: json.dumps({"data": data})}},
        "data": data,
    }


def pod() -> dict[str, Any]:
    variables = [{"name": "API_KEY", "value": "hunter2hunter2"}, {"name": "MODE", "value": f"with {PASSWORD}"}]
    container = {"name": "c", "image": "x", "env": variables, "args": ["--db=postgres://me:pw-in-url@db/x"]}
    applied = json.dumps({"spec": {"containers": [container]}})
    metadata = {"name": "p", "namespace": "default", "annotations": {LAST_APPLIED: applied}}
    return {"metadata": metadata, "spec": {"containers": [container]}}


async def write_journal(place: LabPlace) -> None:
    store = Store.open(place.journal)
    await store.create(NAMESPACE, {"metadata": {"name": "default"}})
    await store.create(SECRET, secret())
    await store.create(POD, pod())
    data = {"config": f"use {b64(PASSWORD)}", "password": "of-a-config-map"}
    await store.create(CONFIG_MAP, {"metadata": {"name": "m", "namespace": "default"}, "data": data})
    await store.close()


@pytest.fixture
def place() -> LabPlace:
    """What a lab has left: a journal, a token, logs."""
    place = LabPlace.named("gatelab")
    place.make()
    place.token.write_text(TOKEN)
    asyncio.run(write_journal(place))
    place.agent_log.write_text(json.dumps({"message": f'with {TOKEN} and "{PASSWORD}"'}) + "\n")
    folder = place.pod_logs / "default_p_uid" / "c"
    folder.mkdir(parents=True)
    (folder / "0.log").write_text(f"2026-01-01T00:00:00.000000000Z stdout F I say {PASSWORD}\n")
    (folder / "0.log.1").write_text("2026-01-01T00:00:00.000000000Z stdout F before that\n")
    return place


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["debug", *arguments], catch_exceptions=False)


def bundle(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "b.tar.gz"
    done = run("--out", str(file))
    assert (done.exit_code, done.stdout.strip()) == (0, str(file)), done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    return dict(opened(file))


def test_no_secret_is_in_it_in_any_form(place: LabPlace, tmp_path: Path) -> None:
    files = bundle(tmp_path)
    secrets = [TOKEN, PASSWORD, b64(BINARY), "hunter2hunter2", "pw-in-url", "of-a-config-map"]
    assert found_in(files, secrets) == []
    assert "[redacted]" in files["logs/agent.log"]
    assert "I say [redacted]" in files["logs/pods/default_p_uid/c/0.log"]
    assert "before that" in files["logs/pods/default_p_uid/c/0.log"], "rotated files too"


def test_the_rest_is_in_it(place: LabPlace, tmp_path: Path) -> None:
    files = bundle(tmp_path)
    shown = yaml.safe_load(files["objects/secrets.yaml"])
    assert shown["data"] == {"password": f"[{len(PASSWORD)} bytes]", "key.bin": "[40 bytes]", "short": "[3 bytes]"}
    (container,) = yaml.safe_load(files["objects/pods.yaml"])["spec"]["containers"]
    assert container["env"][0] == {"name": "API_KEY", "value": "[redacted]"}
    assert container["env"][1] == {"name": "MODE", "value": "with [redacted]"}
    assert container["image"] == "x"
    assert "sound: 4 objects" in files["lab/journal.txt"]
    assert json.loads(files["machine/versions.json"])["packages"]["starlette"]
    assert json.loads(files["machine/permissions.json"])["uid"] >= 0
    assert "does not run" in files["README.txt"]
    assert "is not running" in files["lab/status.txt"]


def test_a_journal_that_is_damaged_is_said_and_left_as_it_is(place: LabPlace, tmp_path: Path) -> None:
    damaged = b"not a database at all" * 100
    place.journal.write_bytes(damaged)
    files = bundle(tmp_path)
    assert "not sound" in files["lab/journal.txt"]
    assert "note: objects:" in files["README.txt"]
    assert place.journal.read_bytes() == damaged


def test_dry_run_says_what_would_be_in_it_and_writes_nothing(
    place: LabPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = run("--dry-run")
    assert done.exit_code == 0
    assert "of Secrets the names and sizes of their values" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


def test_a_lab_that_never_was_and_a_place_that_cannot_be(tmp_path: Path) -> None:
    done = run("--name", "never")
    assert (done.exit_code, "there is no lab 'never'" in done.stderr) == (3, True)


def test_a_file_that_cannot_be_written(place: LabPlace, tmp_path: Path) -> None:
    done = run("--out", str(tmp_path / "no" / "where.tar.gz"))
    assert (done.exit_code, "choose another --out" in done.stderr) == (3, True)
