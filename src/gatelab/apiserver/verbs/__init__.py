"""The verbs of the API, one file each: from a request and its target to an answer.

Each handler raises `kinds.errors.ApiError` for what it refuses; the application turns it into a Status.
"""
