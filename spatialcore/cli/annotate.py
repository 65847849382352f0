"""spatialcore annotate: annotate data with an existing model."""

from pathlib import Path
from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console, sample_summary
from spatialcore.cli.options import Assignments, Plots, Purify, Threshold, Unit, overlay


def annotate(
    query: Annotated[str, typer.Argument(help="Platform folder, h5ad, h5 or zarr.")],
    model: Annotated[str, typer.Option("--model", "-m", help="Model file (.pkl).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    threshold: Threshold = None,
    plots: Plots = None,
    purify: Purify = None,
    unit: Unit = "",
    assignments: Assignments = None,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Annotate every cell with an existing model. Writes the same files as `run` for one sample.

    [bold]spatialcore annotate xenium_folder --model models/breast.pkl --out results/[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    from dataclasses import asdict

    from spatialcore.annotation.config import AnnotationSettings
    from spatialcore.annotation.model.artifact import load_model
    from spatialcore.annotation.run_config import Query
    from spatialcore.core.files import require_writable
    from spatialcore.workflow.run import annotate_query

    settings = overlay(None, assignments, confidence_threshold=threshold, generate_plots=plots, purify=purify)
    config = AnnotationSettings.from_dict(settings, origin="command line")
    query_config = Query(uri=query, unit=unit)
    load_model(Path(model))  # an invalid model is refused before the query is read
    require_writable(out)
    with console.steps(1) as step:
        step(f"annotating {query_config.name}")
        result = annotate_query(query_config, config, Path(model), out / query_config.slug)
    console.result(asdict(result), *sample_summary(result))
