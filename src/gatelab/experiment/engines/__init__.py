"""What makes the load of an experiment: gatelab's own generators, in turns, or the program ghz, path by path.

In: a `LoadTask`, the same load on some paths. Out: what was found on each, in the form of a load run; what an engine
cannot tell is left empty, and never made up.
"""
