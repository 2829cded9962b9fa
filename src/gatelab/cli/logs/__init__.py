"""`gatelab logs`: the logs of the lab and of its pods in one view."""
