"""The words of the Kubernetes API: kinds, references, selectors, conditions, errors, typed views, schemas.

In: plain JSON objects as the API has them. Out: answers about them. Everything here computes; nothing does IO, keeps
state or imports another package of ours.
"""
