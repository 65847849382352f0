"""spatialcore annotate: a model that is there already, applied to new data."""

from pathlib import Path
from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console
from spatialcore.cli.options import Assignments, Plots, Threshold, overlay
from spatialcore.cli.tell import tell_sample


def annotate(
    query: Annotated[str, typer.Argument(help="Platform folder, h5ad, h5 or zarr.")],
    model: Annotated[str, typer.Option("--model", "-m", help="A model's .pkl.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    threshold: Threshold = None,
    plots: Plots = None,
    assignments: Assignments = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Annotate every cell with a model that is there already; writes what `run` writes for a sample.

    [bold]spatialcore annotate xenium_folder --model models/breast.pkl --out results/[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    from dataclasses import asdict

    from spatialcore.annotation.config import AnnotationSettings
    from spatialcore.annotation.model.artifact import load_model
    from spatialcore.annotation.run_config import Query
    from spatialcore.workflow.requirements import require_writable
    from spatialcore.workflow.run import annotate_query

    settings = overlay(None, assignments, confidence_threshold=threshold, generate_plots=plots)
    config = AnnotationSettings.from_dict(settings, origin="command line")
    asked = Query(uri=query)
    load_model(Path(model))  # refused now rather than when the query has been read
    require_writable(out)
    with console.steps(1) as step:
        step(f"annotating {asked.name}")
        result = annotate_query(asked, config, Path(model), out / asked.name)
    console.result(asdict(result), *tell_sample(result))
