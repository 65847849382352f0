"""spatialcore inspect: describe a data set or model, and whether it can be used."""

from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console, table
from spatialcore.cli.exit_codes import Exit
from spatialcore.cli.options import local

Against = Annotated[
    list[str] | None,
    typer.Option("--against", "-a", help="Reference (h5ad, zarr), model (.pkl) or panel (CSV) to compare genes with."),
]


def inspect(
    path: Annotated[str, typer.Argument(help="Platform folder, h5ad, h5, zarr or model (.pkl); a path or URI.")],
    against: Against = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Describe a file: platform, cells, genes, normalization, coordinates, label columns, and possible uses.

    The exit code is 2 if the file can be used neither as a query nor as a reference.
    """
    console.start(as_json=as_json, verbose=verbose)
    from spatialcore.workflow.inspect import inspect_data, inspect_model

    file = local(path)
    others = {other: local(other) for other in against or ()}
    description = (inspect_model if file.suffix == ".pkl" else inspect_data)(file, against=others)
    console.result(description.as_dict(), table("", ("", ""), description.rows()))
    if not description.usable:
        raise typer.Exit(Exit.INPUT)
