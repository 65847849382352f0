"""spatialcore cache: local copies of remote references, queries and results."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from spatialcore.cli.console import AsJson, console, table

if TYPE_CHECKING:
    from spatialcore.storage.cache import CacheEntry

app = typer.Typer(help="Local copies of remote files.", no_args_is_help=True)
Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Cache folder.", show_default="~/.spatialcore/cache/references"),
]


@app.command("ls")
def ls(folder: Folder = None, as_json: AsJson = False) -> None:
    """List cached files, the most recently used first."""
    console.start(as_json=as_json)
    from spatialcore.storage.cache import list_entries

    entries = list_entries(folder)
    rows = [(entry.uri, _megabytes(entry.size), entry.sha256[:12], entry.path) for entry in entries]
    tables = [table("", ("uri", "MB", "sha256", "path"), rows)] if rows else []
    console.result(_as_dicts(entries), *tables, f"{len(entries)} {'file' if len(entries) == 1 else 'files'}")


@app.command("prune")
def prune(
    max_size: Annotated[str, typer.Option("--max-size", "--keep", help="Size to keep, e.g. 20GB.")],
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Remove the least recently used files until the cache is smaller than a size."""
    console.start(as_json=as_json)
    from spatialcore.core.text.sizes import parse_size
    from spatialcore.storage.cache import prune

    _report_removed(prune(parse_size(max_size), folder))


@app.command("clear")
def clear(folder: Folder = None, as_json: AsJson = False) -> None:
    """Remove all files, except those that are being downloaded."""
    console.start(as_json=as_json)
    from spatialcore.storage.cache import prune

    _report_removed(prune(0, folder))


def _report_removed(entries: "list[CacheEntry]") -> None:
    size = _megabytes(sum(entry.size for entry in entries))
    console.result(_as_dicts(entries), *(f"removed {entry.uri}" for entry in entries), f"{size} MB freed")


def _as_dicts(entries: "list[CacheEntry]") -> list[dict[str, object]]:
    return [entry.model_dump(mode="json") for entry in entries]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
