"""spatialcore export: write annotated data for other tools."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console
from spatialcore.cli.options import local, overlay
from spatialcore.errors import InputError

if TYPE_CHECKING:
    from anndata import AnnData


class ExportFormat(StrEnum):
    """Formats that can be written."""

    EXPLORER = "explorer"
    CALLS = "calls"
    ANNDATA = "anndata"
    CELLXGENE = "cellxgene"
    VITESSCE = "vitessce"


To = Annotated[
    ExportFormat,
    typer.Option(
        "--to",
        help="explorer: CSV of cell groups for Xenium Explorer; calls: parquet; anndata: .h5ad, .zarr, or into the "
        "table of a SpatialData .zarr; cellxgene: .h5ad of its schema; vitessce: folder with a web page.",
    ),
]
DatasetSummary = Annotated[
    list[str] | None,
    typer.Option(
        "--fact",
        "-f",
        help="For cellxgene: a field of its schema, e.g. -f donor_id=d1 -f tissue_ontology_term_id=UBERON:0000310; "
        "missing fields are listed.",
        metavar="KEY=VALUE",
    ),
]
Column = Annotated[str, typer.Option("--column", help="For explorer: obs column with the groups.")]
Viewer = Annotated[
    Path | None,
    typer.Option(
        "--viewer", help="For vitessce: folder made by tools/build_vitessce_viewer.py, for use without network."
    ),
]


def export(
    annotated: Annotated[str, typer.Argument(help="Annotated h5ad or zarr; a path or URI.")],
    form: To,
    out: Annotated[Path, typer.Option("--out", "-o", help="Output file (vitessce: folder).")],
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
    if facts and form is not ExportFormat.CELLXGENE:
        raise InputError(f"--fact cannot be used with --to {form}", hint="use it with --to cellxgene")
    if form is ExportFormat.CALLS and out.suffix != ".parquet":
        raise InputError(f"the output {out.name!r} does not end in .parquet", hint="calls are written as parquet")
    from spatialcore.io import read_spatial

    with console.steps(2) as step:
        step(f"reading {annotated}")
        adata = read_spatial(local(annotated))
        step(f"writing {out}")
        path = _write(adata, form, out, facts, column, viewer)
    console.result({"written": str(path), "form": str(form), "cells": adata.n_obs}, path)


def _write(
    adata: "AnnData", form: ExportFormat, out: Path, facts: list[str] | None, column: str, viewer: Path | None
) -> Path:
    from spatialcore.io import export_cellxgene, write_annotated, write_calls, write_explorer_groups, write_vitessce

    if form is ExportFormat.CELLXGENE:
        return export_cellxgene(adata, out, **overlay(None, facts))
    if form is ExportFormat.VITESSCE:
        return write_vitessce(adata, out, viewer=viewer)
    if form is ExportFormat.EXPLORER:
        return write_explorer_groups(adata, out, column=column)
    return write_calls(adata, out) if form is ExportFormat.CALLS else write_annotated(adata, out)
