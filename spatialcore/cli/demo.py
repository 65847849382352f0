"""spatialcore demo: run the whole workflow on a section of pancreas, without network or Prefect."""

from pathlib import Path
from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console, run_summary


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for data and results.")] = Path("demo"),
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Annotate a section of pancreas (real cells, simulated positions) and print the accuracy of the calls."""
    console.start(as_json=as_json, verbose=verbose)
    from spatialcore.annotation.run_config import RunConfig
    from spatialcore.demo.pancreas import LABEL_COLUMN, SAMPLE, TISSUE, demo_section
    from spatialcore.workflow.run import run

    with console.steps(4) as step:
        _, references = demo_section(out / "data")
        settings = RunConfig.from_dict(
            {
                "tissue": TISSUE,
                "queries": [{"uri": str(out / "data" / "query.h5ad"), "sample": SAMPLE}],
                "references": [{"uri": uri, "label_column": LABEL_COLUMN} for uri in references],
                "min_cells_per_type": 5,
                "store": str(out),
            },
            origin="demo",
        )
        result = run(settings, progress=step)
    score = _accuracy(out)
    summary = (
        f"\naccuracy on {score['cells']:.0f} cells, all with a known label: {100 * score['all']:.0f} %; of the "
        f"{100 * score['share_kept']:.0f} % above the confidence threshold: {100 * score['kept']:.0f} %"
    )
    console.result(result.as_dict() | {"known": score}, *run_summary(result), summary)


def _accuracy(out: Path) -> dict[str, float]:
    import pandas as pd

    from spatialcore.demo.accuracy import accuracy_on_known
    from spatialcore.demo.pancreas import SAMPLE
    from spatialcore.io import read_spatial

    mapping = pd.read_csv(out / "model" / "label_mapping.csv", keep_default_na=False)
    return accuracy_on_known(read_spatial(out / SAMPLE / "annotated.h5ad"), mapping)
