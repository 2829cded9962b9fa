"""Pods as processes: what a kubelet decides (`lifecycle`, `containers`, `probes`, `status`, `environment`: pure), and
the task per pod that carries it out (`worker`, with `programs`, `actions` for probes and hooks, and `pod_writer`).

In: a Pod of this node, exits, results of probes and hooks. Out: programs started and signalled, probes and hooks, the
Pod's status and Events. Nothing here knows what a volume holds (`volumes`) or how a process is kept (`keeper`).
"""
