"""spatialcore run: platform output in; annotated data, viewer file and report out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console, table
from spatialcore.cli.exit_codes import Exit
from spatialcore.cli.options import Assignments, Plots, Queries, References, Threshold, Tissue, overlay
from spatialcore.cli.tell import tell_run
from spatialcore.errors import InputError

if TYPE_CHECKING:
    from spatialcore.annotation.run_config import RunConfig

Config = Annotated[Path | None, typer.Argument(help="A YAML file; options override what it says.", show_default=False)]
Out = Annotated[str | None, typer.Option("--out", "-o", help="Folder, s3:// or gs:// prefix for the results.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check every URI, column, gene overlap and the memory, then stop.")
]


def run(
    config: Config = None,
    query: Queries = None,
    reference: References = None,
    tissue: Tissue = None,
    out: Out = None,
    threshold: Threshold = None,
    plots: Plots = None,
    assignments: Assignments = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Train a model for the queries' panel and annotate every cell with it.

    Writes for each query annotated.h5ad, calls.parquet, cell_groups.csv (for Xenium Explorer), report.html and plots,
    and for all of them the model with its label mapping and configuration.

    [bold]spatialcore run -q xenium_folder -r a.h5ad:cell_type -r b.h5ad:annotation -t breast -o results/[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    settings = _settings(config, assignments, query, reference, tissue, out, threshold, plots)
    if dry_run:
        _check(settings)
        return
    from spatialcore.workflow.requirements import require_run
    from spatialcore.workflow.run import run as library_run

    require_run(settings)
    with console.steps(3 + len(settings.queries)) as step:
        result = library_run(settings, progress=step)
    console.result(result.as_dict(), *tell_run(result))


def _settings(
    config: Path | None,
    assignments: list[str] | None,
    query: list[str] | None,
    reference: list[str] | None,
    tissue: str | None,
    out: str | None,
    threshold: float | None,
    plots: bool | None,
) -> "RunConfig":
    from spatialcore.annotation.run_config import RunConfig

    content = overlay(
        config,
        assignments,
        queries=query,
        references=reference,
        tissue=tissue,
        store=out,
        confidence_threshold=threshold,
        generate_plots=plots,
    )
    for part, wanted in (("queries", "--query xenium_folder"), ("references", "--reference a.h5ad:cell_type")):
        if not content.get(part):
            raise InputError(f"no {part} were given", hint=f"{wanted}, or a configuration file that has {part}")
    return RunConfig.from_dict(content, origin=str(config or "command line"))


def _check(settings: "RunConfig") -> None:
    from spatialcore.workflow.preflight import check_run

    with console.steps(len(settings.queries) + len(settings.references)) as step:
        found = check_run(settings, progress=step)
    rows = [("ok" if check.ok else "PROBLEM", check.subject, check.detail) for check in found.checks]
    verdict = "ready to run" if found.ok else f"{sum(not check.ok for check in found.checks)} problems"
    console.result(found.as_dict(), table("", ("", "what", "seen"), rows), f"\n{verdict}")
    if not found.ok:
        raise typer.Exit(Exit.INPUT)
