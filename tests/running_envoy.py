"""A real Envoy with its control plane, and gRPC backends that say who they are."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc
import grpc.aio

from gatelab.proxy import envoy_binary
from gatelab.proxy.bootstrap import bootstrap
from gatelab.proxy.command import envoy_arguments
from gatelab.proxy.model import Acceptance, Endpoint, Endpoints, ProxyConfig
from gatelab.proxy.resources import MANY
from gatelab.proxy.xds import XdsServer

DEADLINE_S = 30.0


@dataclass
class RunningEnvoy:
    """One Envoy of a proxy, and the control plane that it has just now."""

    proxy: str
    folder: Path
    process: asyncio.subprocess.Process
    xds: XdsServer
    ready: tuple[str, int] | None
    many_hosts: int = MANY
    shares_addresses: bool = False

    @property
    def xds_address(self) -> str:
        return f"unix:{self.folder / 'xds.sock'}"

    @property
    def log(self) -> str:
        return (self.folder / "envoy.log").read_text()

    async def accept(self, config: ProxyConfig, endpoints: Endpoints | None = None) -> None:
        """Publish, and wait until Envoy runs everything; a rejection fails with Envoy's words."""
        self.publish(config, endpoints)
        acceptance = await self.settle()
        assert not acceptance.rejected, acceptance.rejected

    def publish(self, config: ProxyConfig, endpoints: Endpoints | None = None) -> None:
        self.xds.publish_endpoints(self.proxy, endpoints or {})
        self.publish_without_endpoints(config)

    def publish_without_endpoints(self, config: ProxyConfig) -> None:
        """Nobody else binds the listeners' addresses: another run of the tests would get a share of the connections."""
        alone = tuple(replace(each, shared=self.shares_addresses) for each in config.listeners)
        self.xds.publish(self.proxy, replace(config, listeners=alone))

    async def settle(self) -> Acceptance:
        """Wait until nothing is pending."""
        return await until(self.xds, self.proxy, lambda acceptance: acceptance.connected and not acceptance.pending)

    async def restart_control_plane(self) -> None:
        """Close the xDS server; a new one, that knows nothing, listens on the same socket."""
        await self.xds.__aexit__(None, None, None)
        self.xds = await XdsServer(self.xds_address, many_hosts=self.many_hosts).__aenter__()

    async def admin(self, path: str, method: str = "GET") -> str:
        """A page of Envoy's admin interface."""
        reader, writer = await asyncio.open_unix_connection(str(self.folder / "admin.sock"))
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(DEADLINE_S):
            answer = await reader.read()
        writer.close()
        return answer.partition(b"\r\n\r\n")[2].decode()

    async def counter(self, name: str) -> int:
        """A counter or gauge by its full name; 0 when Envoy has none of that name."""
        for line in (await self.admin(f"/stats?filter=^{name}$")).splitlines():
            if line.startswith(f"{name}:"):
                return int(line.rpartition(" ")[2])
        return 0


async def until(xds: XdsServer, proxy: str, condition: Callable[[Acceptance], bool]) -> Acceptance:
    """Wait for an acceptance; tells the last one when it does not come."""
    changed = asyncio.Event()
    xds.subscribe(lambda _: changed.set())
    end = time.monotonic() + DEADLINE_S
    while not condition(acceptance := xds.acceptance(proxy)):
        remaining = end - time.monotonic()
        assert remaining > 0, acceptance
        try:
            await asyncio.wait_for(changed.wait(), remaining)
        except TimeoutError:
            continue
        changed.clear()
    return acceptance


@dataclass
class Traffic:
    """What a constant, small traffic met: one answer or status name per call."""

    answers: list[str] = field(default_factory=list)
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    async def more(self, calls: int = 20) -> None:
        """Wait for so many further calls."""
        end = len(self.answers) + calls
        async with asyncio.timeout(DEADLINE_S):
            while len(self.answers) < end:
                self._called.clear()
                await self._called.wait()

    async def run(self, channel: grpc.aio.Channel, every_s: float) -> None:
        while True:
            self.answers.append(await call(channel))
            self._called.set()
            await asyncio.sleep(every_s)


@asynccontextmanager
async def traffic(target: str, *, callers: int = 2, every_s: float = 0.004) -> AsyncIterator[Traffic]:
    """Calls without a pause longer than `every_s`, each caller on a connection of its own, from entry to exit."""
    met = Traffic()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        running = []
        for _ in range(callers):
            channel = await stack.enter_async_context(grpc_channel(target))
            running.append(tasks.create_task(met.run(channel, every_s)))
        await met.more()
        yield met
        await met.more()
        for task in running:
            task.cancel()


@asynccontextmanager
async def running_envoy(
    folder: Path,
    *,
    proxy: str = "test/proxy",
    ready: tuple[str, int] | None = None,
    concurrency: int = 1,
    many_hosts: int = MANY,
    drain_path: str = "",
) -> AsyncIterator[RunningEnvoy]:
    """Start a control plane and an Envoy; `folder` must have a short path (Unix sockets)."""
    paths = {"xds_socket": str(folder / "xds.sock"), "admin_socket": str(folder / "admin.sock")}
    config = json.dumps(bootstrap(proxy=proxy, node_id="envoy-1", ready=ready, drain_path=drain_path, **paths))
    with (folder / "envoy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            envoy_binary(),
            *envoy_arguments(config_yaml=config, concurrency=concurrency, drain_time_s=1),
            stdout=log,
            stderr=log,
        )
    try:
        async with AsyncExitStack() as stack:
            xds = await stack.enter_async_context(XdsServer(f"unix:{folder / 'xds.sock'}", many_hosts=many_hosts))
            envoy = RunningEnvoy(proxy, folder, process, xds, ready, many_hosts)
            try:
                yield envoy
            finally:
                if envoy.xds is not xds:
                    await envoy.xds.__aexit__(None, None, None)
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.wait(), DEADLINE_S)


@dataclass
class Backends:
    """gRPC servers that answer every method with their own address; how many calls each had, by address.

    A call with the message `wait` is answered after `release`.
    """

    endpoints: tuple[Endpoint, ...]
    calls: dict[str, int]
    release: asyncio.Event


class _Answer(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Any method: the message `wait` is answered when the test releases it."""

    def __init__(self, name: str, calls: dict[str, int], release: asyncio.Event) -> None:
        self.name, self.calls, self.release = name, calls, release

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(self._answer)

    async def _answer(self, message: bytes, context: object) -> bytes:
        self.calls[self.name] += 1
        if message == b"wait":
            await asyncio.wait_for(self.release.wait(), DEADLINE_S)
        return self.name.encode()


@asynccontextmanager
async def grpc_backends(
    addresses: Iterable[str], *, port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[Backends]:
    """One server per address, in plaintext HTTP/2 without `credentials`, on a free port each unless one is given."""
    async with AsyncExitStack() as stack:
        endpoints, calls, release = [], {}, asyncio.Event()
        for address in addresses:
            server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
            where = f"{address}:{port}"
            bound = server.add_secure_port(where, credentials) if credentials else server.add_insecure_port(where)
            calls[f"{address}:{bound}"] = 0
            server.add_generic_rpc_handlers((_Answer(f"{address}:{bound}", calls, release),))
            await server.start()
            stack.push_async_callback(server.stop, None)
            endpoints.append(Endpoint(address, bound))
        yield Backends(tuple(endpoints), calls, release)


@asynccontextmanager
async def grpc_channel(
    target: str, *, authority: str | None = None, root: bytes | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    """A client's one connection, in plaintext or trusting `root`."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    if authority is not None:
        options.append(("grpc.default_authority", authority))  # type: ignore[arg-type]
    if root is None:
        channel = grpc.aio.insecure_channel(target, options=options)
    else:
        if authority is not None:
            options.append(("grpc.ssl_target_name_override", authority))  # type: ignore[arg-type]
        channel = grpc.aio.secure_channel(target, grpc.ssl_channel_credentials(root), options=options)
    async with channel:
        yield channel


async def call(
    channel: grpc.aio.Channel,
    method: str = "/greetings.GreetMe/Send",
    message: bytes = b"",
    metadata: Sequence[tuple[str, str]] = (),
) -> str:
    """One unary call; the answer's text, or the name of the gRPC status that it failed with."""
    try:
        answer: bytes = await channel.unary_unary(method)(message, timeout=DEADLINE_S, metadata=metadata)
    except grpc.aio.AioRpcError as error:
        return str(error.code().name)
    return answer.decode()


def count(names: Iterable[str]) -> Mapping[str, int]:
    """How often each name occurs."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts
