"""spatialcore report: write the HTML report of annotated data."""

from pathlib import Path
from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console
from spatialcore.cli.options import Unit, local


def report(
    annotated: Annotated[str, typer.Argument(help="Annotated h5ad or zarr.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Output HTML file.")] = Path("report.html"),
    model: Annotated[Path | None, typer.Option("--model", "-m", help="Model (.pkl), for its held-out scores.")] = None,
    unit: Unit = "",
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Write the self-contained HTML report of annotated data."""
    console.start(as_json=as_json, verbose=verbose)
    from spatialcore.io import read_spatial
    from spatialcore.report import write_report

    with console.steps(2) as step:
        step(f"reading {annotated}")
        adata = read_spatial(local(annotated), unit=unit)
        step("writing the report")
        path = write_report(adata, out, model_path=model)
    console.result({"report": str(path)}, path)
