"""Which generator carries out a plan in this process."""

from gatelab.load.phases import Generator
from gatelab.load.plan import LoadPlan


async def opened(plan: LoadPlan) -> Generator:
    """The generator that the plan asks for, with every connection. Raises ConnectError of the first that failed."""
    if plan.engine == "grpcio":
        from gatelab.load.grpcio.generator import Grpcio

        return await Grpcio.opened(plan)
    from gatelab.load.native.generator import Native

    return await Native.opened(plan)
