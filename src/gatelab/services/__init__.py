"""Service addresses and EndpointSlices."""
