"""Pods as processes: what a kubelet decides (`lifecycle`, `containers`, `probes`, `status`, `environment`: pure), and
the task per pod that carries it out (`worker`).

In: a Pod of this node, exits and probe results. Out: programs started and signalled, probes, the Pod's status.
"""
