"""spatialcore export: annotated data in the form that another tool takes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console


class Form(StrEnum):
    """What can be written."""

    EXPLORER = "explorer"
    CALLS = "calls"
    ANNDATA = "anndata"
    CELLXGENE = "cellxgene"
    VITESSCE = "vitessce"


Facts = Annotated[
    list[str] | None,
    typer.Option(
        "--fact",
        "-f",
        help="For cellxgene: what the schema asks for, e.g. -f sex_ontology_term_id=unknown.",
        metavar="KEY=VALUE",
    ),
]


def export(
    annotated: Annotated[str, typer.Argument(help="Annotated h5ad or zarr.")],
    form: Annotated[
        Form, typer.Option("--to", help="explorer: CSV of cell groups; calls: parquet; vitessce: a folder.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file (vitessce: folder) to write.")],
    facts: Facts = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Write annotated data for Xenium Explorer, CELLxGENE, a web page with Vitessce, or as a table of calls."""
    console.start(as_json=as_json, verbose=verbose)
    from spatialcore import io
    from spatialcore.cli.settings import overlay

    adata = io.read_spatial(annotated)
    if form is Form.CELLXGENE:
        path = io.export_cellxgene(adata, out, **overlay(None, facts))
    else:
        writers = {
            Form.EXPLORER: io.write_explorer_groups,
            Form.CALLS: io.write_calls,
            Form.ANNDATA: io.write_annotated,
            Form.VITESSCE: io.write_vitessce,
        }
        path = writers[form](adata, out)
    console.result({"written": str(path), "form": str(form)}, path)
