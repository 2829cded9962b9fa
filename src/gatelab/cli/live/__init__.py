"""How a run goes, on a terminal or line by line, while it goes."""
