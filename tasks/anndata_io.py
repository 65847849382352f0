"""Cells without their counts: what a phase says of cells whose matrix lies in the result of an earlier one.

Labels, draws and calls are small, matrices are not: each matrix is written once and carried along by name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialcore.storage import StoredFile
from tasks.stage_cache import local

if TYPE_CHECKING:
    from anndata import AnnData


_IN_HAND: dict[str, "AnnData"] = {}


def keep_in_memory(key: str, adata: "AnnData") -> None:
    """Keep the data of the result just made for the phase that wants them next; only the last are kept.

    They are the reader's own then: each is given out once, to a phase of the same process, which need not read them.
    They are in the order in which they would be read, so that what is made of them is the same to the byte.
    """
    adata.uns = _as_read(adata.uns)
    adata.obsm, adata.layers = _as_read(adata.obsm), _as_read(adata.layers)
    _IN_HAND.clear()
    _IN_HAND[key] = adata


def read_data(file: StoredFile) -> "AnnData":
    """Return the whole data of a file: those in hand, else read. They are the caller's own."""
    return _read(file, _IN_HAND.pop(_key_of(file), None))


def look_at(file: StoredFile) -> "AnnData":
    """Return the whole data of a file to look at: who wants to change them copies."""
    return _read(file, _IN_HAND.get(_key_of(file)))


def _as_read(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_read(part) if isinstance(part, Mapping) else part for name, part in sorted(parts.items())}


def _key_of(file: StoredFile) -> str:
    return file.uri.rsplit("/", 2)[-2]


def _read(file: StoredFile, in_hand: "AnnData | None") -> "AnnData":
    import anndata as ad

    return ad.read_h5ad(local(file)) if in_hand is None else in_hand


def write_cells(adata: "AnnData", path: Path) -> None:
    """Write what is known of the cells, all but their counts."""
    import anndata as ad

    ad.AnnData(obs=adata.obs, obsm=dict(adata.obsm), uns=adata.uns).write_h5ad(path)


def read_cells(file: StoredFile, matrix: StoredFile | None = None) -> "AnnData":
    """Read what is known of cells; with their counts where the file that has these is given.

    Parameters
    ----------
    file
        Cells, with counts or without: only obs, obsm and uns are read.
    matrix
        These cells and maybe others, with counts.
    """
    import anndata as ad
    import h5py
    from anndata.io import read_elem

    if matrix is not None and (whole := _IN_HAND.pop(_key_of(file), None)) is not None:
        return whole
    with h5py.File(local(file)) as stored:
        cells = ad.AnnData(**{part: read_elem(stored[part]) for part in ("obs", "obsm", "uns")})
    return cells if matrix is None else _with_counts(cells, read_data(matrix))


def _with_counts(cells: "AnnData", whole: "AnnData") -> "AnnData":
    rows = whole.obs_names.get_indexer(cells.obs_names)
    found = whole if cells.obs_names.equals(whole.obs_names) else whole[rows].copy()
    found.obs, found.obsm, found.uns = cells.obs, cells.obsm, cells.uns
    return found
