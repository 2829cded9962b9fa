"""The data plane of a Gateway as Kubernetes objects: a ServiceAccount, a Deployment of Envoy, a Service (GEP-1762).

In: a Gateway and what translation made of it. Out: these objects, there as wanted. What they should be is pure
(`objects`, `envoy_container`); `provision` writes what differs (`drift`).
"""
