"""The cluster port: the one way in which controllers, the gateway, the node and the instruments touch a cluster.

`port` is the seam; `embedded` speaks to the store in the same process, `remote` to any kubeconfig. Whoever is written
against the port runs on both, which is how the lab and a real cluster are the same to the gateway controller.
"""

from gatelab.cluster.port import Applied, Cluster, Deleted, Replaced, WatchEvent

__all__ = ["Applied", "Cluster", "Deleted", "Replaced", "WatchEvent"]
