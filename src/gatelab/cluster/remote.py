"""The port on any cluster that a kubeconfig names, by lightkube."""
