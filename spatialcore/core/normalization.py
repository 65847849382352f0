"""Detect the normalization of a matrix, and normalize counts to log1p(10,000 per cell)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, TypedDict

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.core.counts import INTEGER_SHARE, TOLERANCE, fraction_integer
from spatialcore.core.genes.features import gene_columns, gene_names
from spatialcore.core.matrix import Matrix, open_matrix, with_columns
from spatialcore.core.one_scale import rounded_shares
from spatialcore.core.sampling import draw_rows
from spatialcore.core.types import Floats
from spatialcore.core.validation import require_whole, require_within, takes_adata

TARGET_SUM = 10_000.0
BLOCK_VALUES = 200_000  # in float64: they stay in the processor's cache
RAW_LAYERS = ("counts", "raw_counts", "raw")
SAMPLED_CELLS = 1_000
COMPARED_CELLS = 100
LOG_CEILING = 20.0  # log2 of a million
AGREEING_CELLS = 0.8
STRAY_CELLS = 0.01
ROUNDED_CELLS = 0.2

XState = Literal["raw", "log1p_10k", "log1p_cpm", "log1p_other", "linear", "negative", "unknown"]

X_STATE_TEXTS: Final[dict[XState, str]] = {
    "raw": "raw counts",
    "log1p_10k": "log1p of 10,000 counts per cell",
    "log1p_cpm": "log1p of counts per million",
    "log1p_other": "log-transformed on an unknown scale",
    "linear": "values without a logarithm that are not counts, such as CPM, TPM, shares or corrected counts",
    "negative": "negative values: z-scored, batch-corrected, residuals or an embedding",
    "unknown": "no value above zero, or not finite",
}


class Status(TypedDict):
    """Result of `check_normalization_status`."""

    raw_source: str | None
    x_state: XState
    x_target_sum: float | None
    is_usable: bool
    has_log1p_uns: bool
    stats: dict[str, float]


@takes_adata
def check_normalization_status(
    adata: AnnData,
    sample_size: int = SAMPLED_CELLS,
    integer_tolerance: float = TOLERANCE,
    integer_threshold: float = INTEGER_SHARE,
    *,
    random_state: int = 42,
) -> Status:
    """Find raw counts and detect the normalization of ``X``.

    Raw counts are searched in the layers counts, raw_counts and raw, then in raw.X, then in X: of 10,000 random
    non-zero values more than 95 % must be integers. The first with counts is taken; X comes before raw.X where it has
    more genes. If X has no counts, the logarithm is reversed in random cells, and the totals of the cells determine
    the scale. Values and cells are sampled from the whole matrix; no row is converted to dense. If var distinguishes
    genes from other features (proteins, tags), only the genes are used.

    Parameters
    ----------
    adata
        In memory or backed; X dense, CSR or CSC.
    sample_size
        Number of sampled cells; ten times as many values are sampled.
    integer_tolerance
        Largest distance of a count from an integer.
    integer_threshold
        Fraction of values that must be integers.
    random_state
        Seed of the sample.

    Returns
    -------
    Status
        Keys raw_source ("layers/counts", "raw.X", "X" or None), x_state ("raw", "log1p_10k", "log1p_cpm",
        "log1p_other", "linear", "negative" or "unknown"), x_target_sum (median total of the cells after the logarithm
        is reversed), is_usable, has_log1p_uns, and stats (mean, max, min and fraction_integer of the sampled non-zero
        values of X).

    Examples
    --------
    >>> import anndata, numpy as np
    >>> check_normalization_status(anndata.AnnData(np.array([[0.0, 3.0], [2.0, 1.0]])))["x_state"]
    'raw'
    """
    require_whole("sample_size", sample_size, minimum=1, hint="1000 is the default")
    require_within("integer_tolerance", integer_tolerance, 0, 0.5, hint="1e-6 is the default")
    require_within("integer_threshold", integer_threshold, 0, 1, hint="0.95 is the default")
    candidates = candidate_matrices(adata)
    x = None if adata.X is None else with_columns(open_matrix(adata.X), gene_columns(adata.var))
    log_flag = "log1p" in adata.uns
    features = {"X": lambda: adata.var, "raw.X": lambda: adata.raw.var}
    return matrix_status(
        candidates, x, features, log_flag, sample_size, integer_tolerance, integer_threshold, random_state
    )


def candidate_matrices(adata: AnnData) -> Iterator[tuple[str, Matrix]]:
    """Yield name and matrix of the layers and raw.X that may hold raw counts, in order of priority; genes only."""
    for layer in RAW_LAYERS:
        if layer in adata.layers:
            yield f"layers/{layer}", with_columns(open_matrix(adata.layers[layer]), gene_columns(adata.var))
    if adata.raw is not None:
        yield "raw.X", with_columns(open_matrix(adata.raw.X), gene_columns(adata.raw.var))


def matrix_status(
    candidates: Iterable[tuple[str, Matrix]],
    x: Matrix | None,
    features: Mapping[str, Callable[[], pd.DataFrame]],
    has_log1p_uns: bool,
    sample_size: int = SAMPLED_CELLS,
    tolerance: float = TOLERANCE,
    threshold: float = INTEGER_SHARE,
    random_state: int = 42,
) -> Status:
    """Do the work of `check_normalization_status`; ``features``: reads the var frames of "X" and "raw.X"."""
    rng = np.random.default_rng(random_state)
    raw_source = next(
        (name for name, matrix in candidates if _is_raw(matrix, 10 * sample_size, rng, tolerance, threshold)), None
    )
    state, target, stats = _state(x, sample_size, rng, tolerance, threshold)
    if state == "raw" and (
        raw_source is None or (raw_source == "raw.X" and _n_genes(features["X"]()) > _n_genes(features["raw.X"]()))
    ):
        raw_source = "X"
    return Status(
        raw_source=raw_source,
        x_state=state,
        x_target_sum=target,
        is_usable=raw_source is not None or state == "log1p_10k",
        has_log1p_uns=has_log1p_uns,
        stats=stats,
    )


def matrix_state(matrix: Matrix, random_state: int = 42) -> XState:
    """Return the state of one matrix, as `check_normalization_status` determines that of X.

    Examples
    --------
    >>> matrix_state(open_matrix(np.array([[0.0, 3.0], [2.0, 1.0]])))
    'raw'
    """
    rng = np.random.default_rng(random_state)
    return _state(matrix, SAMPLED_CELLS, rng, TOLERANCE, INTEGER_SHARE)[0]


def _n_genes(var: pd.DataFrame) -> int:
    return len({*gene_names(var)[0]} - {""})


def _is_raw(matrix: Matrix, n: int, rng: np.random.Generator, tolerance: float, threshold: float) -> bool:
    values = matrix.sample_values(n, rng)
    whole = len(values) > 0 and bool(values.min() >= 0) and fraction_integer(values, tolerance) > threshold
    return whole and not _are_rounded_shares(matrix, rng)


def _are_rounded_shares(matrix: Matrix, rng: np.random.Generator) -> bool:
    """Return whether integers are rounded shares of one total: totals equal up to rounding, and few values of 1."""
    cells = draw_rows(matrix.shape[0], COMPARED_CELLS, rng)
    sums = matrix.row_sums(cells, np.abs)
    filled = sums > 0
    if filled.sum() <= 2:
        return False
    if _agree(sums[filled]) and np.nanmedian(matrix.row_floor(cells)[filled]) > 1:
        return True
    values = matrix.take(cells[filled])
    values.eliminate_zeros()
    return bool(rounded_shares(values).mean() >= ROUNDED_CELLS)


def _state(
    x: Matrix | None, n_cells: int, rng: np.random.Generator, tolerance: float, threshold: float
) -> tuple[XState, float | None, dict[str, float]]:
    values = np.empty(0) if x is None else x.sample_values(10 * n_cells, rng).astype(np.float64)
    stats = _stats(values, tolerance)
    if x is None or len(values) == 0 or not np.isfinite(values).all():
        return "unknown", None, stats
    if values.min() < 0:
        return "negative", None, stats
    if stats["fraction_integer"] > threshold:
        return "linear" if _are_rounded_shares(x, rng) else "raw", None, stats
    cells = draw_rows(x.shape[0], n_cells, rng)
    if values.max() > LOG_CEILING:
        return "linear", None, stats
    if _agree(x.row_sums(cells[:: max(1, len(cells) // COMPARED_CELLS)], np.abs)):
        return "linear", None, stats
    sums = x.row_sums(cells, np.expm1)
    return *_scale(sums[sums > 0]), stats


def _scale(sums: Floats) -> tuple[XState, float | None]:
    """Return the state and median of cell totals after expm1; totals of several scales are "log1p_other"."""
    if len(sums) == 0:
        return "unknown", None
    target = float(np.median(sums))
    near = np.mean((sums > 0.5 * target) & (sums < 1.5 * target)) >= AGREEING_CELLS
    # genes removed after scaling make totals smaller; only another scale makes them much larger
    one_scale = near and np.mean(sums > 3 * target) <= STRAY_CELLS
    if one_scale and 8_000 < target < 12_000:
        return "log1p_10k", target
    if one_scale and 800_000 < target < 1_200_000:
        return "log1p_cpm", target
    return "log1p_other", target


def _agree(sums: Floats) -> bool:
    """Return whether all cell totals are equal, as after scaling without a logarithm."""
    sums = sums[sums > 0]
    return len(sums) > 2 and float(sums.std()) < 1e-3 * float(sums.mean())


def _stats(values: Floats, tolerance: float) -> dict[str, float]:
    if len(values) == 0:
        return {"mean": 0.0, "max": 0.0, "min": 0.0, "fraction_integer": 0.0}
    return {
        "mean": float(values.mean()),
        "max": float(values.max()),
        "min": float(values.min()),
        "fraction_integer": fraction_integer(values, tolerance),
    }


def row_totals(counts: sp.csr_matrix) -> Floats:
    """Return the sum of each row, float64."""
    totals: Floats = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    return totals


def normalize_rows(counts: sp.csr_matrix, target_sum: float = 1.0) -> sp.csr_matrix:
    """Return rows scaled to a total, float64; rows without counts stay zero. Shares the indices of `counts`."""
    values = counts.data * np.repeat(_factors(counts, target_sum), np.diff(counts.indptr))
    return sp.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)


def _factors(counts: sp.csr_matrix, target_sum: float) -> Floats:
    """Return what each row is multiplied by to have a total; 0 for a row without counts."""
    totals = row_totals(counts)
    return np.divide(target_sum, totals, out=np.zeros_like(totals), where=totals > 0)


def log1p_normalize(counts: sp.csr_matrix, target_sum: float = TARGET_SUM) -> sp.csr_matrix:
    """Return log1p of counts scaled to a total per cell.

    Parameters
    ----------
    counts
        Cells x genes.
    target_sum
        Total of each cell before the logarithm.

    Returns
    -------
    csr_matrix
        Cells x genes, float32. Cells without counts stay zero. The result shares the indices of `counts`: copy it
        before the structure of either is changed in place.

    Examples
    --------
    >>> import numpy as np, scipy.sparse as sp
    >>> np.expm1(log1p_normalize(sp.csr_matrix([[1, 3]])).toarray()).round().tolist()
    [[2500.0, 7500.0]]
    """
    factors, values = _factors(counts, target_sum), np.empty(counts.nnz, np.float32)
    step = max(1, BLOCK_VALUES * counts.shape[0] // max(1, counts.nnz))
    for first in range(0, counts.shape[0], step):
        pointers = counts.indptr[first : first + step + 1]
        part = slice(int(pointers[0]), int(pointers[-1]))
        scaled = counts.data[part] * np.repeat(factors[first : first + step], np.diff(pointers))
        values[part] = np.add(scaled, 1.0, out=scaled)
    np.log(values, out=values)  # a seventh of the time of log1p in float64, within the rounding of float32
    return sp.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)
