"""The node agent: a kubelet whose pods are processes, and the supervisor of the lab.

In: Pods bound to this node, Services and EndpointSlices, from the cluster port. Out: processes, their statuses, logs
and usage, written back through the port; and the L4 proxy of the node. `pods.lifecycle` decides (events in, commands
out, no IO); `agent` carries the commands out; `keeper` owns the processes; `supervisor` holds the lab together. It
knows the API server as a URL with a token, nothing more.
"""
