"""The Service of the API, and where it leads."""

from gatelab.kinds.builtin import ENDPOINT_SLICE, NAMESPACE, SERVICE
from gatelab.services.api_service import KEY, publish_api
from small_cluster import small_cluster


async def test_it_leads_where_the_api_listens_now() -> None:
    async with small_cluster() as world:
        await world.cluster.create(NAMESPACE, {"metadata": {"name": "default"}})
        for port in (6443, 7443):
            await publish_api(world.cluster, "127.0.0.1", port)
        service = await world.cluster.get(SERVICE, KEY)
        (found,) = await world.cluster.list(ENDPOINT_SLICE)
    assert (service["spec"]["ports"][0]["port"], service["spec"]["ports"][0]["targetPort"]) == (443, 7443)
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "kubernetes"
    assert (found["endpoints"][0]["addresses"], found["ports"][0]["port"]) == (["127.0.0.1"], 7443)
