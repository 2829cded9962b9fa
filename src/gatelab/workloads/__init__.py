"""Deployment -> ReplicaSet -> Pods."""
