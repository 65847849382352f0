"""Remote folders, such as platform output or zarr stores; images and transcripts are not downloaded."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Final

from spatialcore import storage
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of
from spatialcore.core.text.wording import number_of
from spatialcore.errors import FileMissingError
from spatialcore.sources.base import Metadata, open_source
from spatialcore.storage import cache

log = get_logger(__name__)

# Names in the top level of the folder. Platform output has a few hundred GB of these and a few hundred MB of others.
UNREAD: Final = (
    *("*.tif", "*.tiff", "*.btf", "*.png", "*.jpg", "*.html", "*.fastq*", "*.bam"),
    *("morphology*", "transcripts*", "*detected_transcripts*", "*_tx_file*", "*boundaries*", "*polygons*"),
    *("cells.zarr*", "analysis*", "aux_outputs*", "images", "labels", "points"),
)
_PARALLEL: Final = 8


def version_token(uri: str) -> str:
    """Return the version token of a file, a data set, or a folder (of all files that are read).

    Raises
    ------
    FileMissingError
        The URI does not exist.
    """
    try:
        return open_source(uri).token()
    except FileMissingError:
        if versions := versions_in(uri):
            return _token(versions)
        raise


def versions_in(uri: str) -> dict[str, str]:
    """Return relative name -> version token of the files of a folder that are read.

    The result is empty if the folder does not exist, or the scheme has no folders.
    """
    if not storage.is_writable(uri):
        return {}
    prefix = storage.join(storage.parse_uri(storage.join(uri, "x")).uri.removesuffix("/x"), "")
    files = {file.removeprefix(prefix): token for file, token in storage.list_versions(uri).items()}
    return {
        name: token
        for name, token in files.items()
        if name and not any(fnmatch(_top_level(name), pattern) for pattern in UNREAD)
    }


def fetch_folder(uri: str, versions: Mapping[str, str], *, cache_dir: Path | None = None, force: bool = False) -> Path:
    """Return a local folder of links to cached copies of the files of a remote folder.

    Parameters
    ----------
    uri
        URI of the folder.
    versions
        Result of `versions_in`.
    cache_dir, force
        As in `resolve_uri_to_local`.

    Returns
    -------
    Path
        The local folder.
    """
    root = cache.cache_root(cache_dir)
    folder = root / cache.cache_key(uri, _token(versions)) / uri.rstrip("/").rpartition("/")[2]
    log.info("%s: %s", storage.redact(uri), number_of(len(versions), "file"))
    fetch = partial(_fetch, uri, root=root, force=force)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for name, copy in pool.map(fetch, versions.items()):
            _link(folder / name, copy)
    return folder


def _token(versions: Mapping[str, str]) -> str:
    return digest_of(sorted(versions.items()))


def _top_level(name: str) -> str:
    return name.partition("/")[0]


def _fetch(folder: str, version: tuple[str, str], *, root: Path, force: bool) -> tuple[str, Path]:
    name, token = version
    uri = storage.join(folder, name)

    def get(target: Path) -> Metadata:
        storage.get(uri, target)
        return {"source": storage.redact(uri)}

    entry = cache.cached(storage.canonical(uri), token, get, name=Path(name).name, cache_dir=root, force=force)
    return name, entry.path


def _link(path: Path, copy: Path) -> None:
    """Link a cached copy into the folder: a hard link, since readers refuse symbolic links out of a folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():  # written by an earlier version
        path.unlink(missing_ok=True)
    with suppress(FileExistsError):  # from an earlier or a parallel run
        path.hardlink_to(copy)
