"""`x-kubernetes-validations`: the rules between fields that definitions write in CEL (KEP 2876).

In: a schema, a custom object and the one it replaces. Out: problems in the words of Kubernetes, and warnings about
rules that could not be evaluated here. The engine is loaded with the first rule; nothing raises for what users wrote.
"""

from gatelab.kinds.custom.cel.rules import broken, has_rules, unreadable

__all__ = ["broken", "has_rules", "unreadable"]
