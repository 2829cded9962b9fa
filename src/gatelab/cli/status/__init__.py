"""`gatelab status`: what runs where, and what is not ready and why."""
