"""An experiment in several cells: what is altered for each, their repetitions, and the comparison with a baseline.

In: an experiment file with axes. Out: a `MatrixReport`. What was altered in the cluster is put back, however it ends.
"""
