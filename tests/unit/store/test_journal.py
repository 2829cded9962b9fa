"""What is acknowledged is on disk; and what the journal refuses."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gatelab.kinds.builtin import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD_METRICS
from gatelab.kinds.errors import InternalError, NotFound
from gatelab.kinds.objects import Key
from gatelab.store import JournalError, Store
from gatelab.store.journal import Journal

A = Key("shop", "a")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def opened(path: Path) -> Store:
    store = Store.open(path)
    if not store.list(NAMESPACE)[0]:
        await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    return store


async def test_state_and_versions_survive(path: Path, make: Any) -> None:
    store = await opened(path)
    made = await store.create(CONFIG_MAP, make("a", data={"x": "1"}))
    await store.create(CONFIG_MAP, make("b"))
    await store.delete(CONFIG_MAP, Key("shop", "b"))
    version = store.version
    await store.close()
    again = await opened(path)
    assert again.version == version
    assert again.get(CONFIG_MAP, A).data == made.data
    assert [each.key.name for each in again.list(CONFIG_MAP)[0]] == ["a"]
    assert (await again.create(CONFIG_MAP, make("c"))).version == version + 1
    await again.close()


async def test_the_journal_is_for_its_owner_only(path: Path) -> None:
    store = await opened(path)
    modes = {each.name: each.stat().st_mode & 0o077 for each in path.parent.iterdir()}
    assert set(modes.values()) == {0}, modes
    await store.close()


async def test_metrics_skip_the_disk_and_their_versions_are_not_used_again(path: Path, make: Any) -> None:
    store = await opened(path)
    seen = (await store.create(POD_METRICS, make("a"))).version
    crash(store)
    again = await opened(path)
    with pytest.raises(NotFound):
        again.get(POD_METRICS, A)
    assert again.version >= seen
    await again.close()


async def test_a_cascade_cut_short_is_ended(path: Path, make: Any) -> None:
    store = await opened(path)
    owner = await store.create(DEPLOYMENT, make("web"))
    await store.create(CONFIG_MAP, make("leaf", owners=(owner,)))
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM objects WHERE resource = 'deployments.apps'")
    connection.close()
    again = await opened(path)
    assert again.list(CONFIG_MAP)[0] == []
    await again.close()
    third = await opened(path)
    assert third.list(CONFIG_MAP)[0] == []
    await third.close()


async def test_nothing_is_visible_before_it_is_on_disk(path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await opened(path)
    seen_during_commit: list[int] = []
    commit = Journal.commit

    def observed(self: Journal, rows: Any, ceiling: Any) -> None:
        seen_during_commit.append(len(store.list(CONFIG_MAP)[0]))
        commit(self, rows, ceiling)

    monkeypatch.setattr(Journal, "commit", observed)
    await store.create(CONFIG_MAP, make("a"))
    assert seen_during_commit == [0]
    assert len(store.list(CONFIG_MAP)[0]) == 1
    await store.close()


async def test_writes_during_a_commit_share_the_next(path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await opened(path)
    sizes: list[int] = []
    commit = Journal.commit

    def observed(self: Journal, rows: Any, ceiling: Any) -> None:
        sizes.append(len(rows))
        commit(self, rows, ceiling)

    monkeypatch.setattr(Journal, "commit", observed)
    async with asyncio.TaskGroup() as tasks:
        for number in range(50):
            tasks.create_task(store.create(CONFIG_MAP, make(f"a{number}")))
    assert sum(sizes) == 50
    assert len(sizes) <= 3
    await store.close()


async def test_a_disk_that_refuses_takes_the_write_back(path: Path, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await opened(path)

    def full(self: Journal, rows: Any, ceiling: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "commit", full)
        with pytest.raises(InternalError, match="disk is full"):
            await store.create(CONFIG_MAP, make("a"))
    assert store.list(CONFIG_MAP)[0] == []
    await store.create(CONFIG_MAP, make("a"))
    await store.close()


def test_a_newer_format_is_refused(path: Path) -> None:
    Journal.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        JournalError, match=r"journal\.db: has format 99, and this gatelab reads up to 1: use the newer"
    ):
        Store.open(path)


def test_a_file_of_somebody_else_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(JournalError, match="is a SQLite file of another program"):
        Store.open(path)


def test_a_file_that_is_no_database_is_named_corrupt(path: Path) -> None:
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 100)
    with pytest.raises(JournalError, match=r"journal\.db: corrupt"):
        Store.open(path)


async def test_a_damaged_page_is_named_corrupt(path: Path, make: Any) -> None:
    store = await opened(path)
    for number in range(50):
        await store.create(CONFIG_MAP, make(f"a{number}", data={"x": "y" * 1000}))
    await store.close()
    damage(path)
    with pytest.raises(JournalError, match="corrupt"):
        Store.open(path)


async def test_a_row_out_of_order_is_corrupt(path: Path, make: Any) -> None:
    store = await opened(path)
    for number in range(10):
        await store.create(CONFIG_MAP, make(f"name-{number}"))
    await store.close()
    replace_once(path, b"shopname-3", b"shopname-9")
    with pytest.raises(JournalError, match="corrupt"):
        Store.open(path)


async def test_a_damaged_object_is_named(path: Path, make: Any) -> None:
    store = await opened(path)
    await store.create(CONFIG_MAP, make("a"))
    await store.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE objects SET data = x'7b22' WHERE name = 'a'")
    connection.close()
    with pytest.raises(JournalError, match=r"corrupt \(configmaps shop/a: "):
        Store.open(path)


async def crashed(path: Path, make: Any) -> None:
    """A journal whose writes are all in its write-ahead log."""
    store = await opened(path)
    for number in range(20):
        await store.create(CONFIG_MAP, make(f"a{number:02}", data={"x": "y" * 1000}))
    crash(store, keeps_log=True)


@pytest.mark.parametrize("damage", ["cut in a page", "cut in a frame's header", "a wrong bit"])
async def test_a_corrupt_tail_is_named_and_recovered_up_to_it(
    path: Path, make: Any, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    await crashed(path, make)
    log = path.with_name("journal.db-wal")
    content = bytearray(log.read_bytes())
    if damage == "a wrong bit":
        content[-100] ^= 1
    else:
        del content[-(100 if damage == "cut in a page" else 4096 + 10) :]
    log.write_bytes(content)
    store = Store.open(path)
    assert [each.key.name for each in store.list(CONFIG_MAP)[0]] == [f"a{number:02}" for number in range(19)]
    assert "journal.db: recovered up to the last whole write; " in caplog.text
    await store.close()


async def test_nothing_is_said_of_a_log_that_is_whole(path: Path, make: Any, caplog: pytest.LogCaptureFixture) -> None:
    await crashed(path, make)
    store = Store.open(path)
    assert len(store.list(CONFIG_MAP)[0]) == 20
    assert caplog.text == ""
    await store.close()


async def test_a_log_that_cannot_be_read_is_named(path: Path, make: Any, caplog: pytest.LogCaptureFixture) -> None:
    await crashed(path, make)
    path.with_name("journal.db-wal").write_bytes(b"what is this" * 1000)
    store = Store.open(path)
    assert "its write-ahead log could not be read at all" in caplog.text
    await store.close()


async def test_two_stores_do_not_share_a_journal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await opened(path)
    monkeypatch.setattr("gatelab.store.journal.BUSY_TIMEOUT_S", 0.05)
    with pytest.raises(JournalError, match="in use by another control plane"):
        Store.open(path)
    await store.close()


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be opened"):
        Store.open(tmp_path / "none" / "journal.db")


WRITER = """
import asyncio, sys
from pathlib import Path
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.store import Store

async def write(store, lane):
    for number in range(100000):
        await store.create(CONFIG_MAP, {"metadata": {"name": f"{lane}-{number}", "namespace": "shop"}})
        print(f"{lane}-{number}", flush=True)

async def main():
    store = Store.open(Path(sys.argv[1]))
    await store.create(NAMESPACE, {"metadata": {"name": "shop"}})
    async with asyncio.TaskGroup() as tasks:
        for lane in range(4):
            tasks.create_task(write(store, lane))

asyncio.run(main())
"""


def test_killed_at_any_moment_every_acknowledged_write_is_there(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(200)]
        os.kill(process.pid, signal.SIGKILL)
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    store = Store.open(path)
    present = {each.key.name for each in store.list(CONFIG_MAP)[0]}
    assert set(acknowledged) <= present
    assert len(present) <= len(acknowledged) + 4
    asyncio.run(store.close())


def replace_once(path: Path, old: bytes, new: bytes) -> None:
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[8192:12288] = bytes(4096)
    path.write_bytes(content)


def crash(store: Store, *, keeps_log: bool = False) -> None:
    """Frees the file without the goodbye of close(); closing would take the write-ahead log away."""
    journal = store._commits._journal
    assert journal is not None
    files = {each: each.read_bytes() for each in journal.path.parent.iterdir()}
    journal.close()
    for path, content in files.items() if keeps_log else ():
        path.write_bytes(content)
    store._commits._thread.shutdown()
