"""Every namespace has the API's certificate authority."""

from gatelab.kinds.builtin import CONFIG_MAP, NAMESPACE
from gatelab.kinds.objects import Key
from gatelab.workloads.root_authority import NAME, RootAuthorityPublisher
from small_cluster import World, small_cluster

CONTENT = {"ca.crt": "a certificate"}


def published(world: World, namespace: str) -> bool:
    return world.state[CONFIG_MAP].get(Key(namespace, NAME), {}).get("data") == CONTENT


async def test_it_comes_to_every_namespace_and_comes_back() -> None:
    async with small_cluster() as world, world.controlled([RootAuthorityPublisher(world.cluster, "a certificate")]):
        await world.until(lambda: published(world, "n"))
        await world.cluster.create(NAMESPACE, {"metadata": {"name": "later"}})
        await world.until(lambda: published(world, "later"))
        first = world.state[CONFIG_MAP][Key("n", NAME)]["metadata"]["uid"]
        await world.cluster.delete(CONFIG_MAP, Key("n", NAME))
        await world.until(
            lambda: published(world, "n") and world.state[CONFIG_MAP][Key("n", NAME)]["metadata"]["uid"] != first
        )
        await world.cluster.patch(CONFIG_MAP, Key("later", NAME), {"data": {"ca.crt": "another"}})
        await world.until(lambda: not published(world, "later"))
        await world.until(lambda: published(world, "later"))
        await world.cluster.delete(NAMESPACE, Key("", "later"))
        await world.until(lambda: Key("", "later") not in world.state[NAMESPACE])
