"""What passed the Gateways while a program of others made the requests.

In: a cluster, and the time between two moments. Out: requests of each rule and pod, the spread, and a verdict. It
must not know the program.
"""
