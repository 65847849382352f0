"""Command line. Each command is a thin layer over one library call; no command needs Prefect."""

from spatialcore.cli.app import main

__all__ = ["main"]
