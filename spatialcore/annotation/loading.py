"""Cells x genes from files of any size."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.annotation.expression.errors import mixed_scales, not_normalizable
from spatialcore.annotation.expression.find import ExpressionSource, find_expression
from spatialcore.annotation.references.features import Features, fold, requested_symbols
from spatialcore.annotation.scaling import ensure_normalized, warn_forced
from spatialcore.columns import COUNTS
from spatialcore.core.counts import CountsKind, check_non_negative, recover_counts
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.one_scale import ScaleKind, odd_cells
from spatialcore.core.sampling import draw_rows, draw_stratified, stratified_sizes
from spatialcore.core.types import Ints
from spatialcore.core.validation import require_whole
from spatialcore.errors import InputError

__all__ = ["ensure_normalized", "load_adata_backed", "local_path", "read_counts"]


def load_adata_backed(
    path: str | Path,
    label_column: str | None = None,
    max_cells: int | None = None,
    target_genes: Sequence[str] | None = None,
    random_state: int = 42,
    *,
    min_cells_per_type: int = 10,
) -> AnnData:
    """Read a selection of cells and genes of an h5ad file or zarr store; memory depends on the result, not on the file.

    Parameters
    ----------
    path
        ``.h5ad`` or ``.zarr``, local or a URI that is fetched first; X and layers dense, CSR or CSC.
    label_column
        Draw in proportion to this obs column, no type falling below ``min_cells_per_type``; cells without a label
        are left out. None draws from all cells.
    max_cells
        Maximum number of cells to read; None for all.
    target_genes
        Symbols or Ensembl ids to keep, in this order; those that the file lacks are left out. None for all.
    random_state
        Seed of the draw.
    min_cells_per_type
        Minimum number of cells drawn per type, if the type has as many.

    Returns
    -------
    AnnData
        X as stored, CSR float32, with all columns of obs and symbols as var_names. Raw counts from a layer or raw.X
        are in ``layers["counts"]``. If X is scaled and raw.X has logarithms, these are X.

    Raises
    ------
    FileMissingError, InputError, LabelColumnError, GeneOverlapError
        The file is missing or damaged, or lacks the column or every gene.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.demo import simulated_data
    >>> path = f"{tempfile.mkdtemp()}/reference.h5ad"
    >>> simulated_data()[1].write_h5ad(path)
    >>> load_adata_backed(path, "cell_type", max_cells=80, target_genes=["CD3D", "MS4A1"]).shape
    (80, 2)
    """
    if max_cells is not None:
        require_whole("max_cells", max_cells, minimum=1, hint="None reads all cells")
    require_whole("min_cells_per_type", min_cells_per_type, minimum=0, hint="10 is the default")
    require_whole("random_state", random_state, minimum=0, hint="42 is the default")
    panel = requested_symbols(target_genes)
    with AnnDataFile(local_path(path)) as file:
        rows = _draw_rows(file, label_column, max_cells, min_cells_per_type, random_state)
        status = file.status(random_state)
        obs = file.obs(rows)
        source = status["raw_source"]
        shown = "raw.X" if source is None and _replaces_x(file, random_state) else "X"
        genes, positions = Features.of(file, shown).select(panel, file.path.name)
        state = status["x_state"] if shown == "X" else "log1p"
        x = _fold_as_stored(_read(file, shown, rows, positions), positions, state, file.path.name)
        adata = AnnData(x, obs, pd.DataFrame(index=pd.Index(genes, dtype=object)))
        if source not in (None, "X"):
            _, at = Features.of(file, str(source)).select(genes, file.path.name, complete=True)
            adata.layers[COUNTS] = fold(_read(file, str(source), rows, at), at)
    return adata


def _replaces_x(file: AnnDataFile, random_state: int) -> bool:
    """Return whether raw.X has logarithms that are used because X has none."""
    try:
        return find_expression(file, file.path.name, random_state).replaces_x
    except InputError:  # a query or reference would be refused; this function returns what the file has
        return False


def _read(file: AnnDataFile, source: str, rows: Ints, positions: list[Ints]) -> sp.csr_matrix:
    return file.matrix(source).take(rows, np.concatenate(positions))


def _fold_as_stored(values: sp.csr_matrix, positions: list[Ints], state: str, name: str) -> sp.csr_matrix:
    """Add up the features of one gene on the scale of counts, and return to the scale that the file has."""
    if all(len(at) == 1 for at in positions) or state in ("raw", "linear"):
        return fold(values, positions)
    if not state.startswith("log1p"):
        raise InputError(
            f"{name}: several features measure one gene and X is {state}: they cannot be summed",
            hint='provide raw counts in adata.layers["counts"], or name every gene once',
        )
    return fold(values.expm1(), positions).log1p()


def _draw_rows(file: AnnDataFile, column: str | None, max_cells: int | None, floor: int, seed: int) -> Ints:
    rng = np.random.default_rng(seed)
    if column is None:
        return draw_rows(file.n_obs, max_cells or file.n_obs, rng)
    labels = file.labels(column)
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.categories))
    return draw_stratified(labels, stratified_sizes(counts, max_cells or file.n_obs, floor), rng)


def local_path(source: str | Path, cache_dir: Path | None = None) -> Path:
    """Return the local path of a file; one with a scheme (s3://, gs:// ...) is fetched to the cache first."""
    if "://" not in str(source):
        return Path(source).expanduser()
    from spatialcore.annotation.acquisition import resolve_uri_to_local

    return resolve_uri_to_local(source, cache_dir)


def read_counts(
    file: AnnDataFile, expression: ExpressionSource, rows: Ints, positions: list[Ints], *, unsafe_force: bool = False
) -> tuple[sp.csr_matrix, CountsKind]:
    """Read the counts of drawn cells and target genes; recover them from normalized values if there are none.

    Parameters
    ----------
    file
        The open reference.
    expression
        The matrix to read.
    rows
        Drawn cells, ascending.
    positions
        Per gene, its features in the matrix that is read.
    unsafe_force
        Accept pseudo-counts from a matrix whose scale is not verified.

    Returns
    -------
    tuple
        cells x genes CSR float32, and raw, recovered or pseudo.

    Raises
    ------
    NormalizationError
        The file has no counts, none can be recovered, and the values are not log1p(10,000).
    """
    source, status = expression.source, expression.status
    if source == "X" and status["x_state"] == "negative":
        raise not_normalizable(status, file.path.name)
    matrix = file.gene_matrix(source)
    values = file.matrix(source).take(rows, np.concatenate(positions))
    check_non_negative(values)
    kind: ScaleKind = "counts" if expression.kind == "counts" else "logarithms"
    odd = odd_cells(values, kind)
    if odd and not unsafe_force:
        raise mixed_scales(odd, len(rows), f"{source} of {file.path.name}")
    if kind == "counts":
        return fold(values, positions), "raw"
    counts, kind_of_counts = recover_counts(values, smallest=matrix.row_floor(rows))
    if kind_of_counts == "pseudo" and expression.kind != "log1p":
        if not unsafe_force:
            raise not_normalizable(status, file.path.name)
        warn_forced(status)
    return fold(counts, positions), kind_of_counts
