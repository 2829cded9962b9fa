"""`gatelab debug`: a support bundle without secrets."""
