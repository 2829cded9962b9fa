"""The keeper: a small process that owns every other process of the lab, and takes them along when the agent ends.

`keeper.process` is a program of its own, on the standard library alone, run by its path so that it starts in a few
milliseconds; `keeper.client` is the agent's end. Nothing that the lab starts is started by anybody else.
"""
