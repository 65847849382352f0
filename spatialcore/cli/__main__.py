"""``python -m spatialcore.cli`` is ``spatialcore``."""

from spatialcore.cli.app import main

main()
