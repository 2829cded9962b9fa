"""The image `coredns`: the server blocks of a Corefile, as far as the plugin `whoami` answers them.

In: `-conf FILE`. Out: DNS over UDP and TCP on the pod's address, and a clean end on SIGTERM. Nothing is forwarded: a
lab asks no server of the world outside, so what no `whoami` answers is REFUSED.
"""
