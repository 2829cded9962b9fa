"""Puts together what `gatelab status` says."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gatelab.cli.lab_objects import Objects, read_objects
from gatelab.cli.labs import DEFAULT_LAB, chosen_lab
from gatelab.cli.names import KINDS as NAME_KINDS
from gatelab.cli.names import addresses, attached_routes, attached_sets, hostnames
from gatelab.cli.status.findings import KINDS as FINDING_KINDS
from gatelab.cli.status.findings import Finder
from gatelab.cli.status.processes import processes
from gatelab.cli.status.report import GatewayReport, ListenerReport, Problem, ServiceReport, StatusReport
from gatelab.kinds.builtin import GATEWAY, POD, POD_METRICS, SERVICE
from gatelab.kinds.lab import SERVED_BY
from gatelab.kinds.objects import Object, key_of
from gatelab.node.errors import LabError
from gatelab.node.images import default_images_file, read_images
from gatelab.node.place import LabPlace

KINDS = tuple(dict.fromkeys((*NAME_KINDS, *FINDING_KINDS, POD_METRICS)))


def status_of(place: LabPlace, facts: Mapping[str, Any]) -> StatusReport:
    """The status now. An API that does not answer is a problem among others: what runs is shown all the same."""
    gatelab = "gatelab" if {place.name, chosen_lab()} == {DEFAULT_LAB} else f"GATELAB_NAME={place.name} gatelab"
    problems: list[Problem] = []
    objects: Objects = {}
    try:
        objects = read_objects(place.kubeconfig, KINDS)
    except LabError as error:
        problems.append(Problem("API", "does not answer", str(error), f"{gatelab} logs control-plane"))
    images = Path(facts.get("images") or default_images_file())
    problems += [*_images_problem(images, gatelab), *Finder(gatelab).find(objects)]
    found = processes(
        facts["pid"],
        api=facts["api"],
        node=facts["dns"].rpartition(":")[0],
        pods=objects.get(POD) or (),
        metrics=objects.get(POD_METRICS) or (),
    )
    problems += [
        Problem(name, "does not run", "the agent starts it again", f"{gatelab} logs agent")
        for name in ("control-plane", "service-proxy")
        if name not in {each.of for each in found}
    ]
    return StatusReport(
        lab=place.name,
        ready=not problems,
        started_at=facts["started_at"],
        api=facts["api"],
        dns=facts["dns"],
        kubeconfig=str(place.kubeconfig),
        images=str(images),
        state=str(place.state),
        privileged_shift=facts["privileged_shift"],
        processes=tuple(found),
        gateways=tuple(gateway_reports(objects)),
        services=tuple(service_reports(objects)),
        problems=tuple(problems),
    )


def gateway_reports(objects: Objects) -> Iterable[GatewayReport]:
    """Each Gateway with what it listens on."""
    shifted = _shifted_ports(objects)
    for gateway in objects.get(GATEWAY) or ():
        places = addresses(gateway)
        moved = shifted.get(places[0], {}) if places else {}
        names = {str(key_of(each)): None for each in attached_routes(gateway, objects)}
        yield GatewayReport(
            name=str(key_of(gateway)),
            class_name=gateway["spec"].get("gatewayClassName", ""),
            addresses=tuple(places),
            listeners=(
                *_listeners(gateway, moved),
                *(each for owner in attached_sets(gateway, objects) for each in _listeners(owner, moved, owner)),
            ),
            hostnames=tuple(hostnames(gateway, objects)),
            routes=tuple(names),
        )


def service_reports(objects: Objects) -> Iterable[ServiceReport]:
    """Each Service with its addresses."""
    for service in objects.get(SERVICE) or ():
        spec = service["spec"]
        ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        external = [each.get("ip") or each.get("hostname", "") for each in ingress] + list(
            spec.get("externalIPs") or ()
        )
        yield ServiceReport(
            name=str(key_of(service)),
            type=spec.get("type", "ClusterIP"),
            cluster_ip=spec.get("clusterIP", ""),
            external=tuple(external),
            ports=tuple(_port(each) for each in spec.get("ports") or ()),
        )


def _listeners(owner: Object, moved: Mapping[int, int], listener_set: Object | None = None) -> Iterable[ListenerReport]:
    statuses = {each["name"]: each for each in (owner.get("status") or {}).get("listeners") or ()}
    prefix = f"{key_of(listener_set)}/" if listener_set else ""
    for listener in owner["spec"].get("listeners") or ():
        yield ListenerReport(
            name=f"{prefix}{listener['name']}",
            protocol=listener["protocol"],
            port=listener["port"],
            bound_port=moved.get(listener["port"], listener["port"]),
            hostname=listener.get("hostname", ""),
            attached_routes=statuses.get(listener["name"], {}).get("attachedRoutes", 0),
        )


def _shifted_ports(objects: Objects) -> dict[str, dict[int, int]]:
    """By the address of a data plane's Service: its ports, and those that are really listened on."""
    found: dict[str, dict[int, int]] = {}
    for service in objects.get(SERVICE) or ():
        if (service["metadata"].get("annotations") or {}).get(SERVED_BY) != "pod":
            continue
        ports = {each["port"]: each.get("targetPort") for each in service["spec"].get("ports") or ()}
        for each in ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ():
            found[each.get("ip", "")] = {port: to for port, to in ports.items() if isinstance(to, int)}
    return found


def _port(port: Mapping[str, Any]) -> str:
    node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}"


def _images_problem(file: Path, gatelab: str) -> Iterable[Problem]:
    try:
        if file.exists():
            read_images(file)
    except LabError as error:
        yield Problem("images.yaml", "cannot be used", str(error), f"{gatelab} images")
