"""Run the flow train_and_annotate from a YAML file: ``python -m flows.run examples/xenium_breast.yaml``."""

import atexit
import gc
import os
import sys

from flows.embedded_server import EMBEDDED


def main(arguments: list[str]) -> None:
    """Run train_and_annotate with the configuration file, on the configured Prefect server or an embedded one."""
    if len(arguments) != 1:
        sys.exit("usage: python -m flows.run CONFIG.yaml")
    for name, value in EMBEDDED.items():
        os.environ.setdefault(name, value)  # read when Prefect is imported
    gc.disable()  # the objects of the imports stay until the process ends: the collector need not search them
    from flows.parameters import TrainAndAnnotateParameters
    from flows.train_and_annotate import train_and_annotate
    from spatialcore.errors import SpatialCoreError

    gc.freeze()
    gc.enable()
    atexit.register(gc.freeze)  # else Python searches all modules for cycles at exit, which takes a second
    try:
        manifest = train_and_annotate(TrainAndAnnotateParameters.from_yaml(arguments[0]))
    except SpatialCoreError as error:
        sys.exit(str(error))
    print(manifest.uri)


if __name__ == "__main__":
    main(sys.argv[1:])
