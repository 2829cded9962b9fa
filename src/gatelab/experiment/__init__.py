"""Manifest + load + expectations -> verdict and report."""
