"""Pods with networks of their own (`gatelab up --isolation netns`): any program may bind 0.0.0.0:8080 there.

In: the lab's address plan, pods and their addresses. Out: orders to the keeper, which makes and holds the networks.
Nothing here talks to the kernel, and nothing of the machine's own network is changed but by the lab's one link.
"""
