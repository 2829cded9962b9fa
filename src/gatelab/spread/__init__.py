"""How evenly requests fell on pods, and what may be concluded."""
