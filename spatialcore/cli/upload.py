"""spatialcore upload: data of one's own to where the workers of a service read them."""

from pathlib import Path
from typing import Annotated

import typer

from spatialcore.cli.console import AsJson, Verbose, console
from spatialcore.errors import FileMissingError

Paths = Annotated[list[Path], typer.Argument(help="Files, or folders as the instrument wrote them.")]
To = Annotated[
    str, typer.Option("--to", help="Folder in a bucket or on a shared disk: s3://bucket/store/samples/lung.")
]


def upload(paths: Paths, to: To, as_json: AsJson = False, verbose: Verbose = 0) -> None:
    """Copy files and folders to a bucket and verify them; unchanged files are not uploaded again.

    Print the URI of each, to enter in the form of a run.

    [bold]spatialcore upload output-XETG0001 --to s3://lab/store/samples/lung[/bold]
    """
    console.start(as_json=as_json, verbose=verbose)
    for path in paths:
        if not path.exists():
            raise FileMissingError(f"no such file or folder: {path}", hint="check the spelling of the path")
    with console.steps(len(paths)) as step:
        addresses = []
        for path in paths:
            step(f"uploading {path.name}")
            addresses.append(upload_path(path, to))
    console.result(addresses, *addresses)


def upload_path(path: Path, to: str) -> str:
    """Copy a file, or a folder with all that is in it, into a folder of a store; return its address there."""
    from spatialcore import storage
    from spatialcore.core.provenance import sha256_of_file
    from spatialcore.core.text.names import checked_name

    target = storage.join(to, checked_name(path.resolve().name, "the name of the file"))
    files = (
        sorted(file for file in path.rglob("[!.]*") if file.is_file() and not _is_hidden(file.relative_to(path)))
        if path.is_dir()
        else [path]
    )
    for file in files:
        uri = storage.join(target, file.relative_to(path).as_posix()) if path.is_dir() else target
        manifest = storage.read_manifest(uri)
        if manifest is None or manifest.file.sha256 != sha256_of_file(file):
            storage.put(file, uri)
    return target


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
