"""Which rule of which route a request takes, and the shares that its weights give to backends and pods.

In: routes, Services and EndpointSlices as the cluster has them. Out: rules with their backends. It must not translate:
what a Gateway makes of routes is the Gateway's business.
"""
