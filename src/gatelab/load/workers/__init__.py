"""A run in several processes: each worker carries out its share of the plan, and their counts add up.

In: a plan for more than one worker. Out: the result of the whole, and what is missing where a worker was lost.
"""
