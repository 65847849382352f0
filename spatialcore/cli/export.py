"""spatialcore export: annotated data in the form that another tool takes."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console
from spatialcore.cli.options import local, overlay
from spatialcore.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


class Form(StrEnum):
    """What can be written."""

    EXPLORER = "explorer"
    CALLS = "calls"
    ANNDATA = "anndata"
    CELLXGENE = "cellxgene"
    VITESSCE = "vitessce"


To = Annotated[
    Form,
    typer.Option(
        "--to",
        help="explorer: CSV of cell groups for Xenium Explorer; calls: parquet; anndata: .h5ad, .zarr, or into the "
        "table of a SpatialData .zarr; cellxgene: .h5ad of its schema; vitessce: a folder that a browser shows.",
    ),
]
DatasetSummary = Annotated[
    list[str] | None,
    typer.Option(
        "--fact",
        "-f",
        help="For cellxgene: what its schema asks for, e.g. -f donor_id=d1 -f tissue_ontology_term_id=UBERON:0000310; "
        "what is missing is named.",
        metavar="KEY=VALUE",
    ),
]
Column = Annotated[str, typer.Option("--column", help="For explorer: the column of obs to show as groups.")]
Viewer = Annotated[
    Path | None,
    typer.Option("--viewer", help="For vitessce: a folder made by tools/build_vitessce_viewer.py, to need no network."),
]


def export(
    annotated: Annotated[str, typer.Argument(help="Annotated h5ad or zarr; a URI is fetched.")],
    form: To,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file (vitessce: folder) to write.")],
    facts: DatasetSummary = None,
    column: Column = "cell_type",
    viewer: Viewer = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Write annotated data for Xenium Explorer, CELLxGENE, a web page with Vitessce, or as a table of calls.

    [bold]spatialcore export annotated.h5ad --to explorer --out cell_groups.csv[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    if facts and form is not Form.CELLXGENE:
        raise InputError(f"--fact says nothing to {form}", hint="it belongs to --to cellxgene")
    from spatialcore.io import read_spatial

    with console.steps(2) as step:
        step(f"reading {annotated}")
        adata = read_spatial(local(annotated))
        step(f"writing {out}")
        path = _write(adata, form, out, facts, column, viewer)
    console.result({"written": str(path), "form": str(form), "cells": adata.n_obs}, path)


def _write(adata: "AnnData", form: Form, out: Path, facts: list[str] | None, column: str, viewer: Path | None) -> Path:
    # by module: the door's names come late and without types
    from spatialcore.io.cellxgene.export import export_cellxgene
    from spatialcore.io.explorer import write_explorer_groups
    from spatialcore.io.vitessce.folder import write_vitessce
    from spatialcore.io.write import write_annotated, write_calls

    if form is Form.CELLXGENE:
        return export_cellxgene(adata, out, **overlay(None, facts))
    if form is Form.VITESSCE:
        return write_vitessce(adata, out, viewer=viewer)
    if form is Form.EXPLORER:
        return write_explorer_groups(adata, out, column=column)
    return write_calls(adata, out) if form is Form.CALLS else write_annotated(adata, out)
