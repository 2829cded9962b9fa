"""gatelab: a Gateway API laboratory for gRPC. ARCHITECTURE.md draws the house; each package says what it is for."""

__version__ = "0.1.0"
