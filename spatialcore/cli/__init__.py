"""The command line: each command is a thin layer over one library call. No Prefect is needed for any of them."""

from spatialcore.cli.app import main

__all__ = ["main"]
