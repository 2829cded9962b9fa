"""The patch formats: JSON patch, JSON merge patch and strategic merge patch.

In: an object and a patch. Out: a new object; the old one is not changed. Pure.
"""
