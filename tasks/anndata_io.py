"""Pass AnnData between tasks, with or without counts.

The count matrix is written once. Later stages write only obs, obsm and uns, and refer to the file with the matrix.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialcore.storage import StoredFile
from tasks.stage_cache import local

if TYPE_CHECKING:
    import numpy as np
    from anndata import AnnData
    from numpy.typing import NDArray


_IN_MEMORY: dict[str, "AnnData"] = {}


def keep_in_memory(key: str, adata: "AnnData") -> None:
    """Keep the data of the latest result in memory for the next stage in this process.

    Only the latest data are kept, and :func:`read_data` removes them. Mappings are sorted as in the file, so that the
    next stage writes the same bytes whether it reads the file or not.
    """
    adata.uns = _sorted(adata.uns)
    adata.obsm, adata.layers = _sorted(adata.obsm), _sorted(adata.layers)
    _IN_MEMORY.clear()
    _IN_MEMORY[key] = adata


def read_data(file: StoredFile) -> "AnnData":
    """Return the data of a file, from memory or from disk; the caller may modify them."""
    return _read(file, _IN_MEMORY.pop(_key_of(file), None))


def view_data(file: StoredFile) -> "AnnData":
    """Return the data of a file, from memory or from disk; the caller must not modify them."""
    return _read(file, _IN_MEMORY.get(_key_of(file)))


def _sorted(elements: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _sorted(value) if isinstance(value, Mapping) else value for name, value in sorted(elements.items())}


def _key_of(file: StoredFile) -> str:
    return file.uri.rsplit("/", 2)[-2]


def _read(file: StoredFile, in_memory: "AnnData | None") -> "AnnData":
    import anndata as ad

    return ad.read_h5ad(local(file)) if in_memory is None else in_memory


def write_cells(adata: "AnnData", path: Path) -> None:
    """Write obs, obsm and uns of the cells, without counts."""
    import anndata as ad

    ad.AnnData(obs=adata.obs, obsm=dict(adata.obsm), uns=adata.uns).write_h5ad(path)


def read_cells(file: StoredFile, matrix: StoredFile | None = None) -> "AnnData":
    """Read cells without counts, or with counts from another file.

    Parameters
    ----------
    file
        Only obs, obsm and uns of this file are read.
    matrix
        A file with the counts of these cells, and possibly of others.

    Returns
    -------
    AnnData
        Cells x genes in the order of ``file``; without ``matrix``, cells x 0.
    """
    import anndata as ad
    import h5py
    from anndata.io import read_elem

    if matrix is not None and (in_memory := _IN_MEMORY.pop(_key_of(file), None)) is not None:
        return in_memory
    with h5py.File(local(file)) as group:
        cells = ad.AnnData(**{name: read_elem(group[name]) for name in ("obs", "obsm", "uns")})
    return cells if matrix is None else _with_counts(cells, read_data(matrix))


def _with_counts(cells: "AnnData", counts: "AnnData") -> "AnnData":
    rows = counts.obs_names.get_indexer(cells.obs_names)
    selected = counts if cells.obs_names.equals(counts.obs_names) else counts[rows].copy()
    selected.obs, selected.obsm, selected.uns = cells.obs, cells.obsm, cells.uns
    return selected


def have_counts(cells: "AnnData", matrix: StoredFile) -> "NDArray[np.bool_]":
    """Return which cells have counts in the file with their matrix, which is read in blocks."""
    import numpy as np

    from spatialcore.core.on_disk.anndata_file import AnnDataFile

    with AnnDataFile(local(matrix)) as file:
        rows = np.arange(file.n_obs)
        names, filled = file.obs(rows, []).index, file.matrix("X").row_sums(rows, np.abs) > 0
    selected: NDArray[np.bool_] = filled[names.get_indexer(cells.obs_names)]
    return selected
