"""What the trainer uses: labelled counts of reference cells, counts of a sample of the query."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.expression.find import find_counts
from spatialcore.annotation.query import open_query
from spatialcore.annotation.spillover.other_coordinates import find_coordinates
from spatialcore.annotation.training.classes import ClassLabels, require_repeats
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import MAX_QUERY_CELLS
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.sample_groups import group_similar
from spatialcore.annotation.training.validation.folds import find_groups
from spatialcore.core.counts import recover_counts
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import row_totals
from spatialcore.errors import InputError

IMAGING_SPREAD = 0.9  # of log gene efficiencies: three pairs of dissociated cells have 0.6, imaging panels 1.0 to 1.5


@dataclass(frozen=True)
class TrainingInput:
    """Reference cells with counts, and a sample of the query.

    Parameters
    ----------
    genes
        The genes that reference and query have.
    cells
        The reference cells, with counts on these genes.
    query
        Counts of a sample of the query on the same genes; None without a query.
    """

    genes: npt.NDArray[np.object_]
    cells: LabelledCounts
    query: sparse.csr_matrix | None


def training_input(adata: AnnData, labels: ClassLabels, query: AnnData | None, random_state: int) -> TrainingInput:
    """Return what a model is trained on.

    Raises
    ------
    InputError
        A class has no cell, or too few cells, with counts on the shared genes.
    """
    counts = reference_counts(adata, labels.rows)
    genes = np.asarray([str(gene) for gene in adata.var_names], dtype=object)
    used = np.asarray(counts.sum(axis=0)).ravel() > 0
    query_counts: sparse.csr_matrix | None = None
    if query is not None:
        sample, position = query_sample(query, genes, random_state)
        used &= np.isin(np.arange(len(genes)), position)
        query_counts = sample if used[position].all() else sample[:, used[position]]
    counts = counts if used.all() else counts[:, used]  # each selection is a copy
    filled = row_totals(counts) > 0
    counts, codes = counts if filled.all() else counts[filled], labels.codes[filled]
    _check_classes(codes, labels)
    rows = labels.rows[filled]
    groups = find_groups(adata.obs.iloc[rows])
    cells = LabelledCounts(counts, codes, len(labels.names), groups, drawn_cells(adata)[rows])
    return TrainingInput(genes[used], cells, query_counts)


def reference_counts(adata: AnnData, rows: npt.NDArray[np.intp]) -> sparse.csr_matrix:
    """Return counts of labelled reference cells: raw, else recovered or pseudo-counts."""
    layer = adata.layers.get("counts") if hasattr(adata.layers, "get") else None
    if layer is not None:
        if isinstance(layer, sparse.csr_matrix) and _is_as_taken(layer, rows):
            return layer  # a copy would be the largest part of the memory
        return sparse.csr_matrix(open_matrix(layer).take(rows))
    matrix, kind, _ = find_counts(adata)
    values = open_matrix(matrix).take(rows)
    return values if kind == "counts" else recover_counts(values)[0]


def _is_as_taken(counts: sparse.csr_matrix, rows: npt.NDArray[np.intp]) -> bool:
    """Return whether :meth:`Matrix.take` of these rows, ascending, would return a copy of the matrix."""
    is_whole = len(rows) == counts.shape[0] and counts.dtype == np.float32
    return bool(is_whole and counts.has_sorted_indices and counts.data.all())


def drawn_cells(adata: AnnData) -> npt.NDArray[np.bool_]:
    """Return which reference cells were drawn from a profile."""
    if columns.REFERENCE_KIND not in adata.obs:
        return np.zeros(adata.n_obs, dtype=bool)
    return np.asarray(adata.obs[columns.REFERENCE_KIND] == columns.KIND_PROFILES)


def _check_classes(codes: npt.NDArray[np.intp], labels: ClassLabels) -> None:
    sizes = np.bincount(codes, minlength=len(labels.names))
    missing = [name for name, n in zip(labels.names, sizes, strict=True) if n == 0]
    if missing:
        raise InputError(
            f"no cell of {', '.join(missing[:5])} has a count on the shared genes",
            hint="leave these classes out, or use a reference that measures the panel",
        )
    require_repeats(sizes.tolist())


def query_sample(
    query: AnnData, genes: npt.NDArray[np.object_], random_state: int
) -> tuple[sparse.csr_matrix, npt.NDArray[np.intp]]:
    """Return counts of random query cells over the shared genes, and the positions of those genes in `genes`.

    They do not depend on the order of the cells, see :meth:`~spatialcore.annotation.query.Expression.sample`.
    """
    expression = open_query(query, [str(gene) for gene in genes])
    return expression.sample(MAX_QUERY_CELLS, random_state), expression.genes.model


def query_samples(query: AnnData, genes: npt.NDArray[np.object_], random_state: int) -> dict[str, sparse.csr_matrix]:
    """Return counts of each sample of a pooled query, or of groups of similar samples; none if it is not pooled."""
    if columns.QUERY_SAMPLE not in query.obs:
        return {}
    names = query.obs[columns.QUERY_SAMPLE].astype(str).to_numpy()
    samples = {}
    for name in np.unique(names):
        counts, _ = query_sample(query[names == name], genes, random_state)
        if (row_totals(counts) > 0).any():
            samples[str(name)] = counts
    return group_similar(samples)


def is_imaging(query: AnnData, target: TargetPlatform) -> bool:
    """Return whether the query is imaging data with counts: with coordinates, or efficiencies spread as in imaging."""
    _, kind, _ = find_counts(query)
    if kind not in ("counts", "recoverable") or target.platform is None or not len(target.platform.depths):
        return False
    has_places = columns.SPATIAL in query.obsm or find_coordinates(query) is not None
    return has_places or target.platform.efficiency_spread >= IMAGING_SPREAD
