"""Shared options, and settings from a YAML file updated by options."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from spatialcore.core.files import read_yaml
from spatialcore.errors import InputError

Queries = Annotated[
    list[str] | None,
    typer.Option("--query", "-q", help="Platform folder, h5ad, h5 or zarr; can be repeated.", metavar="PATH"),
]
References = Annotated[
    list[str] | None,
    typer.Option(
        "--reference",
        "-r",
        help="Labelled data and its label column (default: cell_type); can be repeated. "
        "Path, or URI (s3://, gs://, cellxgene://, synapse://).",
        metavar="PATH:COLUMN",
    ),
]
Tissue = Annotated[
    str | None,
    typer.Option(
        "--tissue", "-t", help="Tissue: name of the model; also used to choose the terms of ambiguous labels."
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option("--threshold", help="Cells with a lower confidence become Unassigned.", show_default="0.8"),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        help="Any other setting, e.g. -s max_cells_per_type=2000; can be repeated.",
        metavar="KEY=VALUE",
    ),
]
Plots = Annotated[
    bool | None, typer.Option("--plots/--no-plots", help="Draw plots and write the report.", show_default="plots")
]

Purify = Annotated[
    bool | None,
    typer.Option("--purify", help="Write the layer purified: counts without those that came from neighbours."),
]
Unit = Annotated[
    str,
    typer.Option("--unit", help="Unit of the coordinates (µm, px), if the data do not state it.", show_default=False),
]


def local(path: str) -> Path:
    """Return the local path of a path or URI; remote files are downloaded into the cache."""
    from spatialcore.annotation.acquisition import resolve_uri_to_local

    return resolve_uri_to_local(path)


def overlay(file: Path | None, assignments: list[str] | None = None, **options: object) -> dict[str, Any]:
    """Return the settings of a YAML file, updated by options and by ``key=value`` assignments.

    Examples
    --------
    >>> overlay(None, ["max_cells_per_type=2000"], tissue="lung", store=None)
    {'tissue': 'lung', 'max_cells_per_type': 2000}
    """
    content = read_yaml(file) if file is not None else {}
    content |= {key: value for key, value in options.items() if value not in (None, [])}
    for text in assignments or []:
        key, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"--set {text} has no '='", hint="write --set key=value")
        content[key.strip()] = yaml.safe_load(value)
    return content
