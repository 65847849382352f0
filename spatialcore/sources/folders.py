"""Folders in a store: a platform's output, a zarr. What is never read of them (images, transcripts) stays there."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Any, Final

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of
from spatialcore.errors import FileMissingError
from spatialcore.sources.base import open_source
from spatialcore.storage import cache
from spatialcore.storage.uri import WRITABLE

log = get_logger(__name__)

# Names directly in the folder. Outputs of a run hold a few hundred GB of these and a few hundred MB of what is read.
UNREAD: Final = (
    *("*.tif", "*.tiff", "*.btf", "*.png", "*.jpg", "*.html", "*.fastq*", "*.bam"),
    *("morphology*", "transcripts*", "*detected_transcripts*", "*_tx_file*", "*boundaries*", "*polygons*"),
    *("cells.zarr*", "analysis*", "aux_outputs*", "images", "labels", "points"),
)
_AT_ONCE: Final = 8


def version_token(uri: str) -> str:
    """Return the version token of a file, of a source's data set, or of a folder: of all that is read of it.

    Raises
    ------
    FileMissingError
        There is nothing of this name.
    """
    try:
        return open_source(uri).token()
    except FileMissingError:
        if versions := versions_in(uri):
            return _token(versions)
        raise


def versions_in(uri: str) -> dict[str, str]:
    """Return the version token of each file of a folder that may be read, by its name relative to the folder.

    Empty where there is no such folder, and for what has no folders.
    """
    if storage.scheme_of(uri) not in WRITABLE:
        return {}
    prefix = storage.join(storage.parse_uri(storage.join(uri, "x")).uri.removesuffix("/x"), "")
    found = {file.removeprefix(prefix): token for file, token in storage.list_versions(uri).items()}
    return {name: token for name, token in found.items() if not any(fnmatch(_first(name), each) for each in UNREAD)}


def fetch_folder(uri: str, versions: Mapping[str, str], *, cache_dir: Path | None = None, force: bool = False) -> Path:
    """Return a local folder of links to checked copies of a remote folder's files, fetched where they are not here.

    Parameters
    ----------
    uri
        The folder.
    versions
        What `versions_in` says of it.
    cache_dir, force
        As `resolve_uri_to_local` has them.
    """
    root = (cache_dir or cache.DEFAULT_DIR).expanduser().absolute()
    folder = root / cache.cache_key(uri, _token(versions)) / uri.rstrip("/").rpartition("/")[2]
    log.info("%s: %d files", storage.redact(uri), len(versions))
    fetch = partial(_fetch, uri, root=root, force=force)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for name, copy in pool.map(fetch, versions.items()):
            _link(folder / name, copy)
    return folder


def _token(versions: Mapping[str, str]) -> str:
    return digest_of(sorted(versions.items()))


def _first(name: str) -> str:
    return name.partition("/")[0]


def _fetch(folder: str, version: tuple[str, str], *, root: Path, force: bool) -> tuple[str, Path]:
    name, token = version
    uri = storage.join(folder, name)

    def get(target: Path) -> dict[str, Any]:
        storage.get(uri, target)
        return {"source": storage.redact(uri)}

    entry = cache.cached(storage.canonical(uri), token, get, name=Path(name).name, cache_dir=root, force=force)
    return name, entry.path


def _link(place: Path, copy: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # of an earlier run, or of one beside this
        place.symlink_to(copy)
