"""The typer application with all commands."""

import atexit
import gc
import sys
from typing import Annotated

import typer

from spatialcore._version import __version__
from spatialcore.cli import acquire, annotate, cache, demo, export, inspect, models, report, run, train, upload
from spatialcore.cli.console import console
from spatialcore.cli.exit_codes import Exit, epilog, exit_of
from spatialcore.cli.process import open_streams, stop_cleanly
from spatialcore.core.on_disk.system_errors import system_error
from spatialcore.errors import SpatialCoreError, StorageError

app = typer.Typer(
    name="spatialcore",
    help="Cell type annotation for imaging-based spatial transcriptomics.",
    epilog=epilog(),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run.run)
app.command("inspect")(inspect.inspect)
app.command("train")(train.train)
app.command("annotate")(annotate.annotate)
app.command("report")(report.report)
app.command("export")(export.export)
app.command("acquire")(acquire.acquire)
app.command("upload")(upload.upload)
app.add_typer(models.app, name="models")
app.add_typer(cache.app, name="cache")
app.command("demo")(demo.demo)


def _version(show: bool) -> None:
    if show:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. Errors are printed to stderr and set the exit code."""
    atexit.register(gc.freeze)  # else Python searches all modules for cycles at exit, which takes half a second
    open_streams()
    stop_cleanly()
    try:
        app()
    except SpatialCoreError as error:
        console.error(error)
        sys.exit(exit_of(error))
    except OSError as error:  # disk full, permission denied
        message = system_error(error) or StorageError(str(error), hint="check free space and permissions")
        console.error(message)
        sys.exit(exit_of(message))
    except (KeyboardInterrupt, SystemExit) as stop:  # typer turns an interrupt into an exit
        if isinstance(stop, SystemExit) and stop.code != Exit.INTERRUPTED:
            raise
        print("interrupted: finished files are kept, temporary ones are removed", file=sys.stderr)
        sys.exit(Exit.INTERRUPTED)
