"""Old Events go, young ones stay."""

from datetime import timedelta

from gatelab.kinds.builtin import EVENT
from gatelab.kinds.objects import Key
from gatelab.kinds.timestamps import to_rfc3339, utc_now
from gatelab.workloads.event_expiry import EventExpiry
from small_cluster import World, small_cluster


async def create(world: World, name: str, age: timedelta) -> None:
    event = {"metadata": {"name": name, "namespace": "n"}, "lastTimestamp": to_rfc3339(utc_now() - age)}
    await world.cluster.create(EVENT, event)


async def test_an_hour_after_it_last_happened_an_event_is_forgotten() -> None:
    async with small_cluster() as world:
        await create(world, "old", timedelta(minutes=61))
        await create(world, "young", timedelta(minutes=59))
        await create(world, "due", timedelta(minutes=60, seconds=-1))
        await world.cluster.create(EVENT, {"metadata": {"name": "odd", "namespace": "n"}, "lastTimestamp": "soon"})
        async with world.controlled([EventExpiry(world.cluster)]):
            await world.until(lambda: bool(world.state[EVENT]))
            await world.until(lambda: not {Key("n", "old"), Key("n", "due")} & world.state[EVENT].keys())
        assert world.state[EVENT].keys() == {Key("n", "young"), Key("n", "odd")}
