"""What a Pod asks for that processes on one machine do not have: said in its Events, never passed over in silence."""

from collections.abc import Iterator

from gatelab.kinds.pods import Container, Pod

_MESSAGE_PATH = "/dev/termination-log"
"""The default, which the API writes into every Pod."""


def unsupported(pod: Pod) -> tuple[str, ...]:
    """A sentence for each part of the spec that the node leaves out."""
    return tuple(said for each in (*pod.spec.init_containers, *pod.spec.containers) for said in _of_container(each))


def _of_container(container: Container) -> Iterator[str]:
    where = f"container {container.name}:"
    if container.termination_message_path not in ("", _MESSAGE_PATH):
        yield (
            f"{where} what is written to terminationMessagePath {container.termination_message_path} is not read: "
            "terminationMessagePolicy: FallbackToLogsOnError shows the end of the log"
        )
    hooks = container.lifecycle
    for name, handler in (("postStart", hooks.post_start), ("preStop", hooks.pre_stop)) if hooks else ():
        if handler is not None and handler.tcp_socket:
            yield f"{where} lifecycle.{name}.tcpSocket is not run, as on any cluster: use exec, httpGet or sleep"
