"""A power cut at 200 random moments: writes that were not synced are lost, in part or in pieces; what was acknowledged
is there. What the store does to its files is recorded by a preloaded library and played back into new files.
"""

import asyncio
import os
import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import write_load
from gatelab.kinds.builtin import CONFIG_MAP
from gatelab.store import Store

HERE = Path(__file__).parent
CUTS = 200
SECTOR_BYTES = 512
OPERATIONS = 240

WRITER = """
import asyncio, os, sys
from pathlib import Path
import write_load
from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.kinds.objects import Key
from gatelab.store import Store

async def main(folder, operations):
    store = Store.open(folder / "journal.db")
    await store.create(NAMESPACE, {"metadata": {"name": write_load.NAMESPACE}})
    said = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT)

    async def perform(operation):
        verb, name, data = operation
        if verb == "create":
            await store.create(CONFIG_MAP, write_load.config_map(name, data))
        elif verb == "update":
            await store.update(CONFIG_MAP, write_load.config_map(name, data))
        else:
            await store.delete(CONFIG_MAP, Key(write_load.NAMESPACE, name))
        return True

    async def one(lane):
        async for done in write_load.lane(lane, 0, perform, most=operations):
            os.write(said, bytes([lane]))

    async with asyncio.TaskGroup() as tasks:
        for lane in range(write_load.LANES):
            tasks.create_task(one(lane))
    os._exit(0)  # no goodbye: a close would checkpoint

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
"""


class Record(NamedTuple):
    """Something that was done to a file: "w" data written, "t" truncated at the offset, "s" synced, "u" unlinked.

    The folder has the name "": syncing it makes unlinking safe.
    """

    kind: str
    file: str
    offset: int
    data: bytes


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Record]:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) to build the library that records writes")
    folder = tmp_path_factory.mktemp("recording")
    library, log = folder / "recorder.so", folder / "log"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", library, HERE / "recorder.c", "-ldl", "-lpthread"], check=True
    )
    (folder / "state").mkdir()
    environment = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "RECORD_FOLDER": str(folder / "state"),
        "RECORD_FILE": str(log),
        "PYTHONPATH": str(HERE.parent),
    }
    writer = [sys.executable, "-c", WRITER, str(folder / "state"), str(OPERATIONS)]
    subprocess.run(writer, env=environment, check=True, timeout=50)
    records = list(parsed(log.read_bytes()))
    assert {each.kind for each in records} >= {"w", "s", "u"}, "the recorder saw nothing of what SQLite does"
    return records


def parsed(log: bytes) -> Iterator[Record]:
    place = 0
    while place < len(log):
        kind, length = chr(log[place]), log[place + 1]
        place += 2
        name = log[place : place + length].decode()
        offset, size = struct.unpack_from("=qq", log, place + length)
        place += length + 16
        yield Record(kind, name, offset, log[place : place + size])
        place += size


def test_the_recording_played_back_whole_is_the_state(recording: Sequence[Record], tmp_path: Path) -> None:
    rebuild(tmp_path, recording, random.Random(0), loses=False)
    assert check(tmp_path, acknowledged(recording)) == [OPERATIONS] * write_load.LANES


@pytest.mark.timeout(180)
def test_what_was_acknowledged_survives_a_power_cut(recording: Sequence[Record], tmp_path: Path) -> None:
    dice = random.Random(20260102)
    for cut in range(CUTS):
        moment = dice.randrange(len(recording))
        folder = tmp_path / str(cut)
        folder.mkdir()
        rebuild(folder, recording[:moment], dice, loses=True)
        try:
            check(folder, acknowledged(recording[:moment]))
        except Exception as error:
            error.add_note(f"cut {cut}, after {moment} of {len(recording)} records")
            raise
        shutil.rmtree(folder)


def test_a_store_that_does_not_sync_would_be_found_out(recording: Sequence[Record], tmp_path: Path) -> None:
    unsynced = [each for each in recording if each.kind != "s"]
    dice = random.Random(7)
    losses = 0
    for cut in range(10):
        folder = tmp_path / str(cut)
        folder.mkdir()
        rebuild(folder, unsynced, dice, loses=True)
        try:
            check(folder, acknowledged(unsynced))
        except Exception:  # noqa: BLE001 - lost writes, or no database at all
            losses += 1
    assert losses == 10


def acknowledged(records: Sequence[Record]) -> Mapping[int, int]:
    """Lane -> how many of its operations the writer was told to be safe."""
    counts = dict.fromkeys(range(write_load.LANES), 0)
    for record in records:
        if record.file == "acknowledged" and record.kind == "w":
            counts[record.data[0]] += 1
    return counts


def rebuild(folder: Path, records: Sequence[Record], dice: random.Random, *, loses: bool) -> None:
    """The files as a disk would have them: all that was synced, and of the rest any part, in pieces of a sector."""
    folder_synced = max((index for index, each in enumerate(records) if each[:2] == ("s", "")), default=-1)
    for name in {each.file for each in records} - {"acknowledged", ""}:
        mine = [(index, each) for index, each in enumerate(records) if each.file == name]
        synced = max((index for index, each in mine if each.kind == "s"), default=-1)
        content: bytearray | None = bytearray()
        for index, record in mine:
            if record.kind == "u" and (index < folder_synced or not loses or dice.random() < 0.5):
                content = None
            elif record.kind in "wt":
                content = bytearray() if content is None else content
                pieces = [record] if index < synced or not loses else survivors(record, dice)
                for piece in pieces:
                    apply(content, piece)
        if content is not None:
            (folder / name).write_bytes(content)


def survivors(record: Record, dice: random.Random) -> list[Record]:
    fate = dice.choice(("kept", "lost", "torn"))
    if fate == "lost":
        return []
    if fate == "kept" or record.kind == "t":
        return [record]
    cuts = range(0, len(record.data), SECTOR_BYTES)
    return [
        record._replace(offset=record.offset + start, data=record.data[start : start + SECTOR_BYTES])
        for start in cuts
        if dice.random() < 0.5
    ]


def apply(content: bytearray, record: Record) -> None:
    if record.kind == "t":
        del content[record.offset :]
        content.extend(bytes(record.offset - len(content)))
        return
    end = record.offset + len(record.data)
    content.extend(bytes(max(0, end - len(content))))
    content[record.offset : end] = record.data


def check(folder: Path, told: Mapping[int, int]) -> list[int]:
    """Opens the store and compares. Returns how many operations each lane shows."""

    async def everything() -> dict[str, Mapping[str, str]]:
        store = Store.open(folder / "journal.db")
        found, _ = store.list(CONFIG_MAP, namespace=write_load.NAMESPACE)
        await store.close()
        return {each.key.name: each.object["data"] for each in found}

    present = asyncio.run(everything())
    return [write_load.operations_done(lane, count, present) for lane, count in told.items()]
