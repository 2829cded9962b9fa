"""Server-side apply (KEP-555): who owns which field, and what an apply makes of an object.

In: an object, what a client wants, the schema of their kind, and who the client is. Out: a new object with its
`metadata.managedFields`, or a Conflict that names the fields and their owners. Pure: no requests, no store, no clock.

Sets of fields are kept in the form that `managedFields` have them (FieldsV1), so that a write decodes nothing:
`field_sets` are their arithmetic, `fields_v1` reads what clients send. `parts` says what of a value can be owned apart;
`owned`, `compare`, `merge` and `removal` walk values by it. `entries` are the list of owners, `updates` keeps it for
plain writes, `applying` for apply.
"""
