"""`gatelab experiment`: files in, progress and reports out; one run or a matrix."""
