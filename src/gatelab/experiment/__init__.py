"""Manifests + load + expectations -> verdict and report.

In: an experiment file and a cluster, which is whatever a kubeconfig names. Out: one report, a struct with a documented
JSON form. It speaks to the cluster through the cluster port and to the workload through the instruments; it does not
know a lab from any other cluster, beyond the ConfigMap in which a lab says where its DNS is.
"""
