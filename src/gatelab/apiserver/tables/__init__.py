"""Objects as kubectl prints them: the Table representation (`as=Table;g=meta.k8s.io`), column by column.

In: objects and the present time. Out: Table objects. Columns are named and worded as those of Kubernetes and of the
CustomResourceDefinitions of Gateway API and cert-manager, for people and scripts know them.
"""
