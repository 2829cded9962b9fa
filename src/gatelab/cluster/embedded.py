"""The port on the store in the same process."""
