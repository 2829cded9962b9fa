"""Kinds that users bring: CustomResourceDefinitions, read and judged.

In: CustomResourceDefinitions as the API has them, and custom objects as clients sent them. Out: the kinds that the
definitions make, the definitions' status, custom objects pruned and complete, and problems in the words of
`k8s.io/apiextensions-apiserver`. Pure: nothing here does IO.

`definition` reads a definition, `names` decides which names it gets and what its status says, `structural` judges its
schemas; `pruning` takes away what a schema does not know; `cel` evaluates `x-kubernetes-validations`.
"""
