"""Data of the latest stage results of this process, so that the next stage need not read them from the store.

A data set is identified by the cache key of its result, so a stage gets the same data as from the file. A process holds
at most one query and one set of references, which bounds its memory; other stages read the files.
"""

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from spatialcore.storage import StoredFile

if TYPE_CHECKING:
    from anndata import AnnData


class LatestResult:
    """The data of the latest result of one kind. Threads may share it.

    Parameters
    ----------
    name
        Name in this module. dask sends tasks with what they refer to: another process uses its own object of the name.
    """

    def __init__(self, name: str = "") -> None:
        self._name = name
        self._key = ""
        self._adata: AnnData | None = None
        self._lock = Lock()

    def __reduce__(self) -> str:
        return self._name

    def keep(self, key: str, adata: "AnnData") -> None:
        """Hold the data of a result instead of the earlier one.

        Mappings are sorted as in the file, so that the next stage writes the same bytes whether it reads the file or
        not.

        Parameters
        ----------
        key
            Cache key of the result.
        adata
            The data that were written; the caller must not modify them any more.
        """
        adata.uns = _sorted(adata.uns)
        adata.obsm, adata.layers = _sorted(adata.obsm), _sorted(adata.layers)
        with self._lock:
            self._key, self._adata = key, adata

    def view(self, file: StoredFile) -> "AnnData | None":
        """Return the data of a file if they are in memory; the caller must not modify them."""
        with self._lock:
            return self._adata if self._key == _key_of(file) else None

    def take(self, file: StoredFile) -> "AnnData | None":
        """Return the data of a file if they are in memory, and release them: the caller may modify them."""
        with self._lock:
            if self._key != _key_of(file):
                return None
            adata, self._key, self._adata = self._adata, "", None
            return adata


QUERY = LatestResult("QUERY")
"""The latest query, with or without its calls."""

REFERENCES = LatestResult("REFERENCES")
"""The latest combined references, for the training."""


def _key_of(file: StoredFile) -> str:
    """Return the cache key of a file in ``cache/{key}/``."""
    return file.uri.rsplit("/", 2)[-2]


def _sorted(elements: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _sorted(value) if isinstance(value, Mapping) else value for name, value in sorted(elements.items())}
