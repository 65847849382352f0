"""spatialcore inspect: what state a file is in, and whether it can be used."""

from typing import Annotated, Any

import typer

from spatialcore.cli.console import AsJson, Verbose, console, table
from spatialcore.cli.exit_codes import Exit
from spatialcore.cli.options import local

Against = Annotated[
    list[str] | None,
    typer.Option(
        "--against", "-a", help="Reference (h5ad, zarr), model (.pkl) or panel (CSV): how do the genes match?"
    ),
]


def inspect(
    path: Annotated[str, typer.Argument(help="Platform folder, h5ad, h5, zarr, or a model's .pkl; a URI is fetched.")],
    against: Against = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Say what a file is: platform, cells, genes, normalization, coordinates, label columns, and what it can serve as.

    Exits with 2 when it can serve neither as a query nor as a reference.
    """
    console.start(as_json=as_json, verbose=verbose)
    from spatialcore.workflow.inspect import inspect_data, inspect_model

    place = local(path)
    others = {other: local(other) for other in against or ()}
    inspect: Any = inspect_model if place.suffix == ".pkl" else inspect_data
    state = inspect(place, against=others)
    console.result(state.as_dict(), table("", ("", ""), state.rows()))
    if not state.usable:
        raise typer.Exit(Exit.INPUT)
