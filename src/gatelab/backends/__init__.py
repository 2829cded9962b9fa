"""Images that the lab can run without a registry."""
