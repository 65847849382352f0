"""spatialcore cache: local copies of what lies elsewhere: references, queries, results of the service."""

from pathlib import Path
from typing import Annotated, Any

import typer

from spatialcore.cli.console import AsJson, console, table

app = typer.Typer(help="Local copies of remote files.", no_args_is_help=True)
Folder = Annotated[Path | None, typer.Option("--folder", help="Another cache than the usual one.")]


@app.command("ls")
def ls(folder: Folder = None, as_json: AsJson = False) -> None:
    """List the copies, the most recently used first."""
    console.start(as_json=as_json)
    from spatialcore.storage.cache import list_entries

    entries = list_entries(folder)
    rows = [(entry.uri, _megabytes(entry.size), entry.sha256[:12], entry.path) for entry in entries]
    shown = [table("", ("uri", "MB", "sha256", "path"), rows)] if rows else []
    console.result(_plain(entries), *shown, f"{len(entries)} copies")


@app.command("prune")
def prune(
    max_size: Annotated[
        str, typer.Option("--max-size", "--keep", help="How much may stay, e.g. 20GB; the least used go first.")
    ],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Remove the least recently used copies until the rest fits."""
    console.start(as_json=as_json)
    from spatialcore.storage.cache import parse_size, prune

    _removed(prune(parse_size(max_size), folder))


@app.command("clear")
def clear(folder: Folder = None, as_json: AsJson = False) -> None:
    """Remove every copy that is not being fetched right now."""
    console.start(as_json=as_json)
    from spatialcore.storage.cache import prune

    _removed(prune(0, folder))


def _removed(entries: list[Any]) -> None:
    size = _megabytes(sum(entry.size for entry in entries))
    console.result(_plain(entries), *(f"removed {entry.uri}" for entry in entries), f"{size} MB freed")


def _plain(entries: list[Any]) -> list[dict[str, Any]]:
    return [entry.model_dump(mode="json") for entry in entries]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
