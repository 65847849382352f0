"""spatialcore acquire: download a reference into a store."""

from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console, table
from spatialcore.errors import InputError


def acquire(
    source: Annotated[
        str | None, typer.Argument(help="cellxgene://KEY, cellxgene://?tissue=lung, synapse://syn1, s3://, a path.")
    ] = None,
    output: Annotated[str | None, typer.Argument(help="Path, s3:// or gs:// URI.")] = None,
    list_datasets: Annotated[bool, typer.Option("--list", help="List the data sets that have a short key.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Download again even if the output exists.")] = False,
    max_cells: Annotated[
        int | None, typer.Option("--max-cells", min=1, help="Download a random sample of this many cells.")
    ] = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Download a reference, verify it, and store it with a manifest of its source.

    [bold]spatialcore acquire cellxgene://human_lung_cell_atlas references/hlca.h5ad[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    if list_datasets:
        _list()
        return
    if source is None or output is None:
        raise InputError(
            "SOURCE or OUTPUT is missing", hint="spatialcore acquire SOURCE OUTPUT; list keys of data sets with --list"
        )
    from spatialcore.annotation import acquire_reference
    from spatialcore.sources.base import SourceOptions

    options: SourceOptions = {} if max_cells is None else {"max_cells": max_cells}
    with console.steps(1) as step:
        step(f"downloading {source}")
        stored = acquire_reference(source, output, force=force, **options)
    console.result({"source": source, "output": stored}, stored)


def _list() -> None:
    from spatialcore.sources import list_available_datasets

    datasets = list_available_datasets()
    summary = datasets[["dataset_key", "tissue", "description"]]
    rows = [tuple(row) for row in summary.itertuples(index=False)]
    console.result(datasets.to_dict("records"), table("", ("cellxgene://", "tissue", "description"), rows))
