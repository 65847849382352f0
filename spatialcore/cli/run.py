"""spatialcore run: train a model and annotate platform output."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console, run_summary, table
from spatialcore.cli.exit_codes import Exit
from spatialcore.cli.options import Assignments, Plots, Purify, Queries, References, Threshold, Tissue, Unit, overlay
from spatialcore.core.text.wording import number_of
from spatialcore.errors import InputError

if TYPE_CHECKING:
    from spatialcore.annotation.run_config import RunConfig

Config = Annotated[
    Path | None, typer.Argument(help="YAML file with settings; options override them.", show_default=False)
]
Out = Annotated[str | None, typer.Option("--out", "-o", help="Folder, s3:// or gs:// prefix for the results.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check URIs, columns, gene overlap and memory, and exit.")]


def run(
    config: Config = None,
    query: Queries = None,
    reference: References = None,
    tissue: Tissue = None,
    out: Out = None,
    threshold: Threshold = None,
    plots: Plots = None,
    purify: Purify = None,
    unit: Unit = "",
    assignments: Assignments = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    verbose: Verbose = 0,
) -> None:
    """Train a model for the panel of the queries and annotate every cell.

    Writes annotated.h5ad, calls.parquet, cell_groups.csv (for Xenium Explorer), report.html and plots for each query,
    and the model with its label mapping and configuration.

    [bold]spatialcore run -q xenium_folder -r a.h5ad:cell_type -r b.h5ad:annotation -t breast -o results/[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    settings = _settings(config, assignments, query, reference, tissue, out, threshold, plots, purify, unit)
    if dry_run:
        _check(settings)
        return
    from spatialcore.workflow.run import run as library_run

    with console.steps(3 + len(settings.queries)) as step:
        result = library_run(settings, progress=step)
    console.result(result.as_dict(), *run_summary(result))


def _settings(
    config: Path | None,
    assignments: list[str] | None,
    query: list[str] | None,
    reference: list[str] | None,
    tissue: str | None,
    out: str | None,
    threshold: float | None,
    plots: bool | None,
    purify: bool | None,
    unit: str,
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
        purify=purify,
    )
    for key, example in (("queries", "--query xenium_folder"), ("references", "--reference a.h5ad:cell_type")):
        if not content.get(key):
            raise InputError(f"no {key} given", hint=f"pass {example}, or a configuration file with {key}")
    if unit:
        content["queries"] = [_with_unit(each, unit) for each in content["queries"]]
    return RunConfig.from_dict(content, origin=str(config or "command line"))


def _with_unit(query: object, unit: str) -> object:
    """Return the settings of a query with a unit; what is no query stays for the check of the configuration."""
    content = {"uri": query} if isinstance(query, str) else query
    return {**content, "unit": unit} if isinstance(content, dict) else content


def _check(settings: "RunConfig") -> None:
    from spatialcore.workflow.preflight import check_run

    with console.steps(len(settings.queries) + len(settings.references)) as step:
        preflight = check_run(settings, progress=step)
    rows = [("ok" if check.ok else "PROBLEM", check.subject, check.detail) for check in preflight.checks]
    n_problems = sum(not check.ok for check in preflight.checks)
    conclusion = "ready to run" if preflight.ok else number_of(n_problems, "problem")
    console.result(preflight.as_dict(), table("", ("", "check", "result"), rows), f"\n{conclusion}")
    if not preflight.ok:
        raise typer.Exit(Exit.INPUT)
