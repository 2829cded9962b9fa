"""How many instructions Envoy executes for a request: the figure that a busy machine hardly changes.

Counted by callgrind of valgrind, which needs no counters of the processor: few virtual machines have them, and `perf
stat` says `<not supported>`. In user space only, one request after the other on one connection. The configuration of
gatelab, as its Envoy runs it, the lean one, and the lean one again are listeners of one Envoy that knows it all.
"""

import copy
import json
import re
import shutil
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.data_plane_load import Target, some_requests
from bench.data_plane_process import HOST, Missing, Proxy, free_port, running, serves_tls, until
from bench.data_plane_proxies import Site, lean_config
from gatelab.proxy import envoy_binary
from gatelab.proxy.command import envoy_arguments

CALLS, BEFORE, REPETITIONS = 300, 50, 3
CONTROL_S = 60.0
_TOTALS = re.compile(r"^totals: (\d+)", re.MULTILINE)

Config = dict[str, Any]


def instructions(site: Site, dump: Mapping[str, Any], h2load: str) -> dict[str, Any]:
    """Instructions a request by name and protocol, and ratios of them; or under `skipped` why not."""
    missing = [each for each in ("valgrind", "callgrind_control") if shutil.which(each) is None]
    if missing:
        return {"skipped": f"not measured: {missing[0]} is not installed"}
    lean = yaml.safe_load(lean_config(site, 0))
    configs = {"gatelab": static(dump, lean, site), "lean": lean, "lean again": copy.deepcopy(lean)}
    protocols = ("grpc", "http") if h2load else ("grpc",)
    try:
        with _counted(site, configs) as (envoy, targets):
            values = {
                name: {each: _of_a_request(envoy, target, each, h2load, site.folder) for each in protocols}
                for name, target in targets.items()
            }
    except (Missing, subprocess.SubprocessError) as error:
        return {"skipped": f"not measured: {error}"}
    medians = {name: {each: round(statistics.median(v)) for each, v in of.items()} for name, of in values.items()}
    ratios = {
        f"{title} : lean": {each: round(medians[name][each] / medians["lean"][each], 4) for each in protocols}
        for title, name in (("gatelab", "gatelab"), ("lean", "lean again"))
    }
    return {"counted_by": "valgrind --tool=callgrind, user space", "medians": medians, "ratios": ratios}


def static(dump: Mapping[str, Any], lean: Config, site: Site) -> Config:
    """What an Envoy says that it runs (`/config_dump?include_eds`) as one that asks nobody: the same but for where.

    The certificate is the lean one's, as keys are in no dump.
    """
    sections = {each["@type"].rpartition(".")[2]: each for each in copy.deepcopy(dump["configs"])}
    (listener,) = (each["active_state"]["listener"] for each in sections["ListenersConfigDump"]["dynamic_listeners"])
    tables = (each["route_config"] for each in sections["RoutesConfigDump"]["dynamic_route_configs"])
    routes = {each["name"]: each for each in map(_untyped, tables)}
    for chain in listener["filter_chains"]:
        manager = chain["filters"][0]["typed_config"]
        manager["route_config"] = routes[manager.pop("rds")["route_config_name"]]
        tls = chain["transport_socket"]["typed_config"]["common_tls_context"]
        del tls["tls_certificate_sds_secret_configs"]
        (of_lean,) = lean["static_resources"]["listeners"][0]["filter_chains"]
        tls["tls_certificates"] = of_lean["transport_socket"]["typed_config"]["common_tls_context"]["tls_certificates"]
    endpoints = [each["endpoint_config"] for each in sections["EndpointsConfigDump"]["dynamic_endpoint_configs"]]
    assigned = {each["cluster_name"]: _untyped(each) for each in endpoints}
    for locality in (each for one in assigned.values() for each in one.get("endpoints", ())):
        # Envoy says 0 for none, which it does not take.
        locality.pop("load_balancing_weight", None)
    clusters = [_untyped(each["cluster"]) for each in sections["ClustersConfigDump"]["dynamic_active_clusters"]]
    for cluster in clusters:
        del cluster["eds_cluster_config"]
        cluster |= {"type": "STATIC", "load_assignment": assigned[cluster["name"]]}
    return lean | {"static_resources": {"listeners": [_untyped(listener)], "clusters": clusters}}


def together(configs: Mapping[str, Config], ports: Mapping[str, int]) -> Config:
    """All in one Envoy, each on its port, with clusters of its own."""
    every: Config = {"listeners": [], "clusters": []}
    for name, config in configs.items():
        own = copy.deepcopy(config["static_resources"])
        (listener,) = own["listeners"]
        listener |= {"name": name, "enable_reuse_port": False}
        listener["address"] = {"socket_address": {"address": HOST, "port_value": ports[name]}}
        for route in _forwarding(listener):
            route["cluster"] = f"{name} {route['cluster']}"
        for cluster in own["clusters"]:
            cluster["name"] = cluster["load_assignment"]["cluster_name"] = f"{name} {cluster['name']}"
        every["listeners"].append(listener)
        every["clusters"] += own["clusters"]
    monitors = configs["lean"]["overload_manager"]
    return {"overload_manager": monitors, "static_resources": every, "stats_flush_on_admin": True}


@contextmanager
def _counted(site: Site, configs: Mapping[str, Config]) -> Iterator[tuple[int, dict[str, Target]]]:
    """The pid of the Envoy, which is counted from now on, and its listeners."""
    ports = {name: free_port() for name in configs}
    arguments = envoy_arguments(config_yaml=json.dumps(together(configs, ports)))
    count = ["--tool=callgrind", "--fair-sched=yes", "--instr-atstart=no", f"--callgrind-out-file={site.folder}/count"]
    with running("counted", ["valgrind", *count, str(envoy_binary()), *arguments], site.folder) as process:
        addresses = {name: (HOST, port) for name, port in ports.items()}
        log = site.folder / "counted.log"
        until(process, lambda: all(map(serves_tls, addresses.values())), log)
        _control(process.pid, "-i", "on")
        proxies = {name: Proxy(name, address, process.pid) for name, address in addresses.items()}
        yield process.pid, {name: Target(name, each, site.grpc, site.http[0]) for name, each in proxies.items()}


def _of_a_request(envoy: int, target: Target, protocol: str, h2load: str, folder: Path) -> list[float]:
    """The difference between many requests and few: neither connections nor the dump itself count."""
    some_requests(target, protocol, BEFORE, h2load)
    found = []
    for _ in range(REPETITIONS):
        few, many = (_total(envoy, target, protocol, number, h2load, folder) for number in (BEFORE, BEFORE + CALLS))
        found.append((many - few) / CALLS)
    return found


def _total(envoy: int, target: Target, protocol: str, number: int, h2load: str, folder: Path) -> int:
    for left in folder.glob("count*"):
        left.unlink()
    _control(envoy, "-z")
    some_requests(target, protocol, number, h2load)
    _control(envoy, "-d")
    return sum(int(each) for dump in folder.glob("count.*") for each in _TOTALS.findall(dump.read_text()))


def _control(envoy: int, *words: str) -> None:
    command = ["callgrind_control", *words, str(envoy)]
    subprocess.run(command, capture_output=True, text=True, timeout=CONTROL_S, check=True)


def _untyped(message: Config) -> Config:
    return {key: value for key, value in message.items() if key != "@type"}


def _forwarding(listener: Mapping[str, Any]) -> Iterator[Config]:
    chains: Sequence[Any] = listener["filter_chains"]
    for chain in chains:
        for host in chain["filters"][0]["typed_config"]["route_config"]["virtual_hosts"]:
            yield from (route["route"] for route in host["routes"] if "route" in route)
