"""spatialcore acquire: a reference from a source into a store."""

from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console, table
from spatialcore.errors import InputError


def acquire(
    source: Annotated[
        str | None, typer.Argument(help="cellxgene://KEY, cellxgene://?tissue=lung, synapse://syn1, s3://, a path.")
    ] = None,
    output: Annotated[str | None, typer.Argument(help="Path, s3:// or gs:// URI.")] = None,
    list_known: Annotated[bool, typer.Option("--list", help="List the data sets with a short key.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Fetch again even if the output is there.")] = False,
    max_cells: Annotated[
        int | None, typer.Option("--max-cells", min=1, help="Draw this many cells of a query.")
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Fetch a reference and store it, checked, with a manifest of where it came from.

    [bold]spatialcore acquire cellxgene://human_lung_cell_atlas references/hlca.h5ad[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    if list_known:
        _list()
        return
    if source is None or output is None:
        raise InputError(
            "a source and an output are wanted", hint="spatialcore acquire SOURCE OUTPUT; --list shows known keys"
        )
    from spatialcore.annotation import acquire_reference

    options = {} if max_cells is None else {"max_cells": max_cells}
    with console.steps(1) as step:
        step(f"fetching {source}")
        stored = acquire_reference(source, output, force=force, **options)
    console.result({"source": source, "output": stored}, stored)


def _list() -> None:
    from spatialcore.sources import list_available_datasets

    known = list_available_datasets()
    shown = known[["dataset_key", "tissue", "description"]]
    rows = [tuple(row) for row in shown.itertuples(index=False)]
    console.result(known.to_dict("records"), table("", ("cellxgene://", "tissue", "description"), rows))
