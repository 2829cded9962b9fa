"""What a Pod asks for that processes on one machine do not have: said in its Events, never passed over in silence."""

from collections.abc import Iterator

from gatelab.kinds.pods import Container, LifecycleHandler, Pod, Probe


def unsupported(pod: Pod) -> tuple[str, ...]:
    """A sentence for each part of the spec that the node leaves out."""
    return tuple(_of_pod(pod))


def _of_pod(pod: Pod) -> Iterator[str]:
    if pod.spec.init_containers:
        names = ", ".join(each.name for each in pod.spec.init_containers)
        yield f"spec.initContainers ({names}) are not run: start what they do from the container's command"
    for container in pod.spec.containers:
        yield from _of_container(container)


def _of_container(container: Container) -> Iterator[str]:
    where = f"container {container.name}:"
    mounts = [each.mount_path for each in container.volume_mounts]
    if mounts:
        yield f"{where} volumeMounts ({', '.join(mounts)}) are not there: pass Secrets and ConfigMaps by env, envFrom"
    if container.lifecycle and container.lifecycle.post_start:
        yield f"{where} lifecycle.postStart is not run"
    if container.lifecycle and _is_other_than_sleep(container.lifecycle.pre_stop):
        yield f"{where} lifecycle.preStop is not run: the lab has preStop.sleep"
    for name, probe in _probes(container):
        if probe.exec:
            yield f"{where} {name}.exec always fails: use grpc, tcpSocket or httpGet"


def _is_other_than_sleep(handler: LifecycleHandler | None) -> bool:
    return handler is not None and handler.sleep is None


def _probes(container: Container) -> Iterator[tuple[str, Probe]]:
    named = {
        "startupProbe": container.startup_probe,
        "readinessProbe": container.readiness_probe,
        "livenessProbe": container.liveness_probe,
    }
    return ((name, probe) for name, probe in named.items() if probe is not None)
