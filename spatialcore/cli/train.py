"""spatialcore train: train a model on references for a panel."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console
from spatialcore.cli.options import Assignments, References, Tissue, overlay
from spatialcore.errors import InputError

if TYPE_CHECKING:
    from spatialcore.annotation.config import TrainingConfig
    from spatialcore.annotation.pooled_queries import PooledQueries

Query = Annotated[str | None, typer.Option("--query", "-q", help="Data of the platform to match the model to.")]
Panel = Annotated[
    Path | None, typer.Option("--panel", help="CSV with the genes of the panel, if there are no data yet.")
]
Model = Annotated[Path, typer.Option("--out", "-o", help="Output model (.pkl); its JSON files are written beside it.")]


def train(
    out: Model,
    reference: References = None,
    query: Query = None,
    panel: Panel = None,
    tissue: Tissue = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Train a model for a panel on labelled references.

    [bold]spatialcore train -r a.h5ad:cell_type --query xenium_folder --tissue breast --out models/breast.pkl[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    from spatialcore.core.files import require_writable
    from spatialcore.workflow.run import train_model

    settings = _settings(reference or [], tissue, assignments)
    require_writable(out.parent)
    with console.steps(3) as step:
        step("reading the panel")
        pooled = _pool_queries(query, panel, settings)
        train_model(settings, pooled, out, progress=step)
    files = sorted(str(path) for path in out.parent.glob(f"{out.stem}*"))
    console.result({"model": str(out), "genes": len(pooled.panel), "files": files}, *files)


def _settings(reference: list[str], tissue: str | None, assignments: list[str] | None) -> "TrainingConfig":
    from spatialcore.annotation.config import TrainingConfig
    from spatialcore.annotation.run_config import Reference

    if not reference:
        raise InputError("no references given", hint="pass --reference a.h5ad:cell_type")
    parsed = [Reference.model_validate(text) for text in reference]
    content = overlay(
        None,
        assignments,
        tissue=tissue,
        references=[each.uri for each in parsed],
        label_columns=[each.label_column for each in parsed],
    )
    return TrainingConfig.from_dict(content, origin="command line")


def _pool_queries(query: str | None, panel: Path | None, settings: "TrainingConfig") -> "PooledQueries":
    from spatialcore.annotation.panel import read_panel
    from spatialcore.annotation.pooled_queries import PooledQueries, pool_queries
    from spatialcore.annotation.run_config import Query as QueryConfig
    from spatialcore.workflow.run import load_query

    if query is not None and panel is None:
        return pool_queries([load_query(QueryConfig(uri=query))], settings)
    if panel is not None and query is None:
        return PooledQueries(read_panel(panel), None)
    raise InputError("pass either a query or a panel", hint="--query xenium_folder, or --panel genes.csv")
