"""spatialcore cache: local copies of remote references, queries and results."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from spatialcore.cli.console import AsJson, console, table
from spatialcore.errors import InputError

if TYPE_CHECKING:
    from spatialcore.storage.cache import CacheEntry

app = typer.Typer(help="Local copies of remote files.", no_args_is_help=True)
Folder = Annotated[
    Path | None,
    typer.Option("--folder", help="Cache folder.", show_default="~/.spatialcore/cache/references"),
]
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*")
_UNITS: Final = {
    "": 1,
    **{"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12},
    **{"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40},
}


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
    from spatialcore.storage.cache import prune

    _report_removed(prune(parse_size(max_size), folder))


@app.command("clear")
def clear(folder: Folder = None, as_json: AsJson = False) -> None:
    """Remove all files, except those that are being downloaded."""
    console.start(as_json=as_json)
    from spatialcore.storage.cache import prune

    _report_removed(prune(0, folder))


def parse_size(text: str) -> int:
    """Return the bytes of a size like ``20GB``, ``500 MB`` or ``1.5TiB``.

    Raises
    ------
    InputError
        If it is not a size.

    Examples
    --------
    >>> parse_size("1.5 kB")
    1500
    """
    match = _SIZE.fullmatch(text.lower())
    if match is None or match.group(2) not in _UNITS:
        raise InputError(f"cannot parse the size {text!r}", hint="write a number and a unit: 20GB or 500MB")
    return int(float(match.group(1)) * _UNITS[match.group(2)])


def _report_removed(entries: "list[CacheEntry]") -> None:
    size = _megabytes(sum(entry.size for entry in entries))
    console.result(_as_dicts(entries), *(f"removed {entry.uri}" for entry in entries), f"{size} MB freed")


def _as_dicts(entries: "list[CacheEntry]") -> list[dict[str, object]]:
    return [entry.model_dump(mode="json") for entry in entries]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f}"
