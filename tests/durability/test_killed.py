"""The control plane is killed at 200 random points of a write load: every acknowledged write is there, none by half."""

import asyncio
import random
from collections.abc import Mapping

import httpx2
import pytest

import killed_control_plane
import write_load
from killed_control_plane import Running

KILLS = 200
LABS = 2
"""The kills fall in so many labs at once, as there are two cores."""
MOST_WRITES = 40
"""Between two kills."""
CONFIG_MAPS = f"/api/v1/namespaces/{write_load.NAMESPACE}/configmaps"


@pytest.mark.timeout(400)
async def test_killed_at_200_random_points(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
    async with asyncio.TaskGroup() as tasks:
        labs = [tasks.create_task(_killed(f"killed-{each}", random.Random(20260103 + each))) for each in range(LABS)]
    assert sum(lab.result() for lab in labs) > KILLS * MOST_WRITES / 4, (
        "too few writes for the kills to fall among them"
    )


async def _killed(name: str, dice: random.Random) -> int:
    """A lab's share of the kills; how many writes were acknowledged at the end."""
    forking = killed_control_plane.context()
    _, settings, held = killed_control_plane.prepared(name)
    acknowledged = dict.fromkeys(range(write_load.LANES), 0)
    with held:
        async with killed_control_plane.running(settings, forking) as api:
            await _made(api)
        for _ in range(KILLS // LABS):
            async with killed_control_plane.running(settings, forking) as api:
                done = await _checked(api, acknowledged)
                acknowledged = await _written_until_killed(api, done, dice)
        async with killed_control_plane.running(settings, forking) as api:
            await _checked(api, acknowledged)
    return sum(acknowledged.values())


async def _made(api: Running) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": write_load.NAMESPACE}}
    (await api.client.post("/api/v1/namespaces", json=namespace)).raise_for_status()


async def _checked(api: Running, acknowledged: Mapping[int, int]) -> dict[int, int]:
    """How many operations of each lane the API shows; all that were acknowledged must be among them."""
    answer = (await api.client.get(CONFIG_MAPS)).raise_for_status()
    present = {each["metadata"]["name"]: each["data"] for each in answer.json()["items"] if "data" in each}
    return {lane: write_load.operations_done(lane, count, present) for lane, count in acknowledged.items()}


async def _written_until_killed(api: Running, done: dict[int, int], dice: random.Random) -> dict[int, int]:
    """Writes in all lanes at once; the kill falls some microseconds after a random acknowledgement."""
    left, pause_s = dice.randrange(MOST_WRITES), dice.choice((0.0, 0.0005, 0.001, 0.002))

    async def one(lane: int) -> None:
        nonlocal left
        async for count in write_load.lane(lane, done[lane], lambda operation: _performed(api, operation)):
            done[lane] = count
            left -= 1
            if left == 0:
                asyncio.get_running_loop().call_later(pause_s, api.kill)

    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        if left == 0:
            asyncio.get_running_loop().call_later(pause_s, api.kill)
        for lane in done:
            tasks.create_task(one(lane))
    return done


async def _performed(api: Running, operation: write_load.Operation) -> bool:
    verb, name, data = operation
    body = write_load.config_map(name, data)
    try:
        if verb == "create":
            answer = await api.client.post(CONFIG_MAPS, json=body)
        elif verb == "update":
            answer = await api.client.put(f"{CONFIG_MAPS}/{name}", json=body)
        else:
            answer = await api.client.delete(f"{CONFIG_MAPS}/{name}")
    except httpx2.TransportError:
        return False
    answer.raise_for_status()
    return True
