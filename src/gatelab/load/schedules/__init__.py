"""When calls start, and how many may be under way, as pure functions: of a call's number, of the time."""
