"""Counting: what calls have come to, second by second, in parts that are put together exactly.

In: the end of each call. Out: a generator's `Part`, and of all parts the result. It starts no call and holds no socket.
"""
