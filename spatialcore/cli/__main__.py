"""Run the command line with ``python -m spatialcore.cli``."""

from spatialcore.cli.app import main

main()
