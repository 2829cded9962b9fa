"""Thin commands: each reads its options, calls one package and prints. Subcommands are imported when they are used."""

from gatelab.cli.main import main

__all__ = ["main"]
