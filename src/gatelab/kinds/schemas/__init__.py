"""The shape of every kind: structural schemas, and the rules between fields that users hit.

In: a kind, and objects as clients sent them. Out: objects without what the schema does not know, and problems that name
the field, the value and the rule. Nothing here changes an object or does IO, save reading `kubernetes.json` once.

`catalogue` finds the schema of a kind; `prune` drops and reports unknown fields; `check` judges a value by its schema;
`rules` hold what schemas cannot say. `generate` and `extras` make `kubernetes.json` and are not imported at run time.
"""
