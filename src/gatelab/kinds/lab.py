"""What the parts of a lab have agreed on, and say to each other through objects: each is written once, here."""

from gatelab.kinds.objects import Key

SERVED_BY = "gatelab.dev/served-by"
"""Annotation of a Service. "pod": a pod binds the Service's own address, so the node's proxy does not."""

LAB_CONFIG = Key("kube-public", "gatelab-lab")
"""The ConfigMap that tells clients of a lab its `name` and where its DNS is (`dns`, `address:port`)."""

KUBERNETES_VERSION = "v1.37.1"
"""Whose API and whose node the lab's resemble."""

NODE_LEASE_NAMESPACE = "kube-node-lease"

CLUSTER_RESOURCE_NAMESPACE = "cert-manager"
"""Where the Secrets of ClusterIssuers are (cert-manager's flag `--cluster-resource-namespace`)."""
