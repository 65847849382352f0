"""From options to a RunConfig: a YAML file, overlaid by what the command line says."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from spatialcore.core.files import read_yaml
from spatialcore.errors import InputError

Queries = Annotated[
    list[str] | None,
    typer.Option(
        "--query", "-q", help="Platform folder, h5ad, h5 or zarr; may be given several times.", metavar="PATH"
    ),
]
References = Annotated[
    list[str] | None,
    typer.Option(
        "--reference",
        "-r",
        help="Labelled data and its label column (cell_type where none is given); may be given several times. "
        "s3://, gs://, cellxgene://, synapse:// too.",
        metavar="PATH:COLUMN",
    ),
]
Tissue = Annotated[str | None, typer.Option("--tissue", "-t", help="Names the model, settles ambiguous labels.")]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", help="Calls with a lower confidence become Unassigned.", show_default="0.8"),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        help="Any other setting of the configuration, e.g. -s max_cells_per_type=2000.",
        metavar="KEY=VALUE",
    ),
]
Plots = Annotated[
    bool | None, typer.Option("--plots/--no-plots", help="Draw plots and write the report.", show_default="plots")
]


def local(path: str) -> Path:
    """Return the local path of what a command is to read; what lies elsewhere is fetched into the cache first."""
    from spatialcore.annotation.acquisition import resolve_uri_to_local

    return resolve_uri_to_local(path)


def overlay(file: Path | None, assignments: list[str] | None = None, **given: Any) -> dict[str, Any]:
    """Return the settings of a YAML file, overlaid by the options that were given."""
    content = read_yaml(file) if file is not None else {}
    content |= {key: value for key, value in given.items() if value not in (None, [])}
    for text in assignments or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text}: no '='", hint="write --set key=value")
        content[key.strip()] = yaml.safe_load(value)
    return content
