"""Statuses: of GatewayClasses, Gateways, ListenerSets, routes and policies.

In: what translation says and what Envoy has acknowledged. Out: the whole status of each object (`statuses`,
`programmed`: pure), written by one `writer` when it differs. No other package of ours writes these statuses.
"""
