"""/etc/hosts and /etc/resolv.conf of a pod that has `hostAliases`, or a network of its own."""

from collections.abc import Iterator

from gatelab.kinds.pods import Pod


def hosts_text(pod: Pod, address: str, machine: str) -> str:
    """`machine` is the text of this machine's file. Names that the pod gives come first: the first line wins."""
    return "\n".join(["# Managed by gatelab for one pod.", *_lines(pod, address), machine.rstrip("\n"), ""])


def resolver_text(namespace: str, nameserver: str) -> str:
    """What the kubelet writes for `dnsPolicy: ClusterFirst`."""
    domains = f"{namespace}.svc.cluster.local svc.cluster.local cluster.local"
    return f"search {domains}\nnameserver {nameserver}\noptions ndots:5\n"


def _lines(pod: Pod, address: str) -> Iterator[str]:
    yield f"{address}\t{pod.spec.hostname or pod.metadata.name}"
    for alias in pod.spec.host_aliases:
        yield "\t".join([alias.ip, *alias.hostnames])
