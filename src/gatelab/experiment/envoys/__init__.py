"""What the Envoys of a Gateway count, as requests of pods.

In: the pages of their read-only listeners, through the API's pods/proxy. Out: requests of each pod and backend, and
what was refused or failed, over the time between two readings. It must not judge.
"""
