"""Read and write the AnnData that tasks pass to each other, with or without counts.

The count matrix is written once. Later stages write only obs, obsm and uns, and refer to the file with the matrix.
Large matrices of queries stay in that file; the output files are written by copying them.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialcore import columns
from spatialcore.storage import StoredFile
from tasks.in_memory import QUERY, REFERENCES
from tasks.stage_cache import local

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray


def write_query(adata: "AnnData", path: Path) -> "AnnData":
    """Write a query, and return it with its large matrices in the new file.

    Large matrices are compressed here, since their bytes are copied into the output files.
    """
    from spatialcore.io.anndata_files import write_h5ad
    from spatialcore.io.on_disk import has_large_matrix, use_matrices_of

    write_h5ad(adata, path, large_only=True)
    return use_matrices_of(path, adata) if has_large_matrix(path) else adata


def take_query(file: StoredFile) -> "AnnData":
    """Return the data of a query, from memory or from disk; the caller may modify them."""
    return _read_query(file, QUERY.take(file))


def view_query(file: StoredFile) -> "AnnData":
    """Return the data of a query, from memory or from disk; the caller must not modify them."""
    return _read_query(file, QUERY.view(file))


def _read_query(file: StoredFile, in_memory: "AnnData | None") -> "AnnData":
    import anndata as ad

    from spatialcore.io.on_disk import has_large_matrix, open_anndata

    if in_memory is not None:
        return in_memory
    path = local(file)
    return open_anndata(path) if has_large_matrix(path) else ad.read_h5ad(path)


def write_cells(adata: "AnnData", path: Path) -> None:
    """Write obs, obsm and uns of the cells, without counts and without a check of their names."""
    _write_elements(adata, adata.obs.copy(deep=False), path)


def write_calls(adata: "AnnData", path: Path) -> None:
    """Write obs, obsm and uns of a query; the names of its cells are in the file of the query."""
    _write_elements(adata, adata.obs.reset_index(drop=True), path)


def _write_elements(adata: "AnnData", obs: "pd.DataFrame", path: Path) -> None:
    import h5py
    from anndata.io import write_elem

    adata.strings_to_categoricals(obs)  # as AnnData's own writer does
    with h5py.File(path, "w") as file:
        file.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
        for name, element in (("obs", obs), ("obsm", dict(adata.obsm)), ("uns", dict(adata.uns))):
            write_elem(file, name, element)


def read_calls(calls: StoredFile, data: StoredFile) -> "AnnData":
    """Return a query with its calls, from memory, or from the file of the calls and that of the query."""
    in_memory = QUERY.take(calls)
    if in_memory is not None:
        return in_memory
    adata, elements = take_query(data), _read_elements(calls)
    adata.obs = elements["obs"].set_axis(adata.obs_names)
    adata.obsm, adata.uns = elements["obsm"], elements["uns"]
    return adata


def write_counts(combined: "AnnData", path: Path) -> "AnnData":
    """Write references with their counts and return what was written: X is computed again from the counts."""
    import anndata as ad

    counts = {columns.COUNTS: combined.layers[columns.COUNTS]}
    written = ad.AnnData(None, combined.obs, combined.var, combined.uns, layers=counts)
    written.write_h5ad(path)
    return written


def read_cells(file: StoredFile, matrix: StoredFile | None = None) -> "AnnData":
    """Read cells without counts, or reference cells with counts from another file.

    Parameters
    ----------
    file
        Only obs, obsm and uns of this file are read.
    matrix
        A file with the counts of these cells, and possibly of others.

    Returns
    -------
    AnnData
        Cells x genes in the order of ``file``, with log1p(10k) as X; without ``matrix``, cells x 0.
    """
    import anndata as ad

    cells = ad.AnnData(**_read_elements(file))
    return cells if matrix is None else _with_counts(cells, matrix)


def _read_elements(file: StoredFile) -> dict[str, Any]:
    import h5py
    from anndata.io import read_elem

    with h5py.File(local(file)) as group:
        return {name: read_elem(group[name]) for name in ("obs", "obsm", "uns")}


def _with_counts(cells: "AnnData", matrix: StoredFile) -> "AnnData":
    import anndata as ad

    from spatialcore.core.normalization import log1p_normalize

    combined = REFERENCES.take(matrix)
    combined = ad.read_h5ad(local(matrix)) if combined is None else combined
    counts = combined.layers[columns.COUNTS]
    if not combined.obs_names.equals(cells.obs_names):
        counts = counts[combined.obs_names.get_indexer(cells.obs_names)]
    selected = ad.AnnData(log1p_normalize(counts), cells.obs, combined.var, layers={columns.COUNTS: counts})
    selected.obsm, selected.uns = cells.obsm, cells.uns
    return selected


def have_counts(cells: "AnnData", matrix: StoredFile) -> "NDArray[np.bool_]":
    """Return which cells have counts in the references, which are in memory or read from their file in blocks."""
    import numpy as np

    from spatialcore.core.normalization import row_totals
    from spatialcore.core.on_disk.anndata_file import AnnDataFile

    combined = REFERENCES.view(matrix)
    if combined is not None:
        names, totals = combined.obs_names, row_totals(combined.layers[columns.COUNTS])
    else:
        with AnnDataFile(local(matrix)) as file:
            rows = np.arange(file.n_obs)
            names, totals = file.obs(rows, []).index, file.matrix(f"layers/{columns.COUNTS}").row_sums(rows, np.abs)
    selected: NDArray[np.bool_] = (totals > 0)[names.get_indexer(cells.obs_names)]
    return selected
