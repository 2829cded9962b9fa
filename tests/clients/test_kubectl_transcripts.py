"""Sessions with two versions of kubectl, against the golden transcripts."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import transcripts
from running_api import running_api

Session = Callable[[str, Path, Path | str], tuple[Path, dict[str, str]]]

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(180)]

PATHS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_session(
    path: Path, versions: dict[str, Path], session_of: Session, rewrite: bool, request: pytest.FixtureRequest
) -> None:
    written = path.read_text()
    transcript = transcripts.read(written)
    if transcript.needs_lab:
        kubeconfig = request.getfixturevalue("one_lab").facts["kubeconfig"]
        for version, binary in versions.items():
            asyncio.run(transcripts.play(transcript, version, *session_of(version, binary, kubeconfig)))
    else:
        asyncio.run(_play_side_by_side(transcript, versions, session_of))
    if rewrite:
        path.write_text(transcript.text())
        return
    assert transcript.text() == written, "read the difference; `make golden` accepts it"


async def _play_side_by_side(
    transcript: transcripts.Transcript, versions: dict[str, Path], session_of: Session
) -> None:
    async with asyncio.TaskGroup() as group:
        for version, binary in versions.items():
            group.create_task(_play_on_an_api(transcript, version, binary, session_of))


async def _play_on_an_api(transcript: transcripts.Transcript, version: str, binary: Path, session_of: Session) -> None:
    folder, environment = session_of(version, binary, "")
    home = Path(environment["HOME"])
    async with running_api(home, binary):
        await transcripts.play(transcript, version, folder, {**environment, "KUBECONFIG": str(home / "kubeconfig")})
