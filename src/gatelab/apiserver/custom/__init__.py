"""CustomResourceDefinitions made into resources that the API serves, and the definitions of what it serves by itself.

In: the definitions in the store. Out: `registry.Resource`s with schema, columns and subresources; and, for our own
kinds that a cluster would have as custom ones, the CustomResourceDefinitions that describe them.
"""
