"""pods/exec, attach and portforward: not served, and said so with what to do instead.

A pod's processes and its address are this machine's, so what these are for elsewhere needs no stream here.
"""

from starlette.requests import Request
from starlette.responses import Response

from gatelab.apiserver.context import Context
from gatelab.apiserver.target import Target
from gatelab.kinds.errors import MethodNotAllowed
from gatelab.kinds.objects import Object


async def refuse(context: Context, request: Request, target: Target) -> Response:
    """Raises NotFound for a pod that is not there, else MethodNotAllowed with the way to go."""
    pod = context.store.get(target.kind, target.key).object
    container = request.query_params.get("container", "")
    match target.subresource:
        case "portforward":
            said = _forward(pod)
        case "attach":
            said = _attach(pod, container)
        case _ if request.query_params.getlist("command")[:1] == ["tar"]:
            said = f"kubectl cp is not in gatelab: containers have the files of this machine{_seen(pod, container)}"
        case _:
            said = _exec(pod, container)
    raise MethodNotAllowed(said)


def _forward(pod: Object) -> str:
    address = (pod.get("status") or {}).get("podIP")
    where = f"connect to {address} as it is" if address else "connect to the pod's address once it has one"
    return f"kubectl port-forward is not in gatelab: pods have addresses of this machine, so {where}"


def _attach(pod: Object, container: str) -> str:
    of = f" -c {container}" if container else ""
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    return f"kubectl attach is not in gatelab: follow its output with `kubectl logs -f -n {namespace} {name}{of}`"


def _exec(pod: Object, container: str) -> str:
    return (
        "kubectl exec is not in gatelab: containers are processes of this machine, so run the command here, or with "
        f"the lab's names by `gatelab exec -- COMMAND`{_seen(pod, container)}"
    )


def _seen(pod: Object, container: str) -> str:
    pid = _pid(pod, container)
    return f"; process {pid} is the container, and /proc/{pid}/root its files" if pid else ""


def _pid(pod: Object, container: str) -> str:
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if container in ("", status["name"]):
            return str(status.get("containerID") or "").removeprefix("process://")
    return ""
