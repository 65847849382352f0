"""Expression on one scale: log1p(10,000 per cell), from raw counts in a layer, raw.X or X."""

import numpy as np
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.annotation.expression.data import matrix_of
from spatialcore.annotation.expression.errors import UNSAFE, not_normalizable
from spatialcore.columns import COUNTS
from spatialcore.core.counts import check_non_negative
from spatialcore.core.entries import move_entry
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import open_matrix
from spatialcore.core.normalization import (
    TARGET_SUM,
    X_STATE_TEXTS,
    Status,
    check_normalization_status,
    log1p_normalize,
    matrix_state,
)
from spatialcore.core.validation import require_within, takes_adata, to_change
from spatialcore.errors import InputError

log = get_logger(__name__)


@takes_adata
def ensure_normalized(
    adata: AnnData, target_sum: float = TARGET_SUM, unsafe_force: bool = False, copy: bool = False
) -> AnnData:
    """Bring X to log1p(10,000 per cell), from raw counts in a layer, raw.X or X.

    Raw counts in layers counts, raw_counts or raw, in raw.X or in X are normalized. Without raw
    counts X must be log1p(10,000) and is not changed; everything else is an error.

    Parameters
    ----------
    adata
        In memory. Changed in place unless ``copy``. Counts that were in X only are kept in ``layers["counts"]``.
    target_sum
        Total per cell before the logarithm, over the genes of ``adata``.
    unsafe_force
        Normalise X as if it held counts although this is not verified. For data whose state you checked yourself.
    copy
        Return a changed copy.

    Returns
    -------
    AnnData
        X is CSR float32; a cell without counts stays at zero.

    Raises
    ------
    NormalizationError
        No raw counts were found and X is not log1p(10,000).

    Examples
    --------
    >>> import anndata, numpy as np
    >>> adata = ensure_normalized(anndata.AnnData(np.array([[1.0, 3.0], [0.0, 0.0]], dtype="float32")))
    >>> np.expm1(adata.X.toarray()).round().tolist(), adata.layers["counts"].toarray().tolist()
    ([[2500.0, 7500.0], [0.0, 0.0]], [[1.0, 3.0], [0.0, 0.0]])
    """
    require_within("target_sum", target_sum, 1e-6, 1e12, hint="10000 is what CellTypist expects")
    if adata.isbacked:
        raise InputError(
            "the AnnData is backed by its file and cannot be normalized in place",
            hint="adata.to_memory(), or load_adata_backed(path, target_genes=...) to read part of it",
        )
    out = to_change(adata, copy=copy)
    status = check_normalization_status(out)
    source = status["raw_source"]
    if source is None and status["x_state"] == "log1p_10k" and target_sum == TARGET_SUM:
        return out
    if source is None and not unsafe_force:
        raise not_normalizable(status, hint=_what_to_do(out))
    if source is None:
        warn_forced(status)
    counts = _matrix_of(out, source or "X")
    if source is None:
        counts.data = np.clip(np.nan_to_num(counts.data), 0, None)
    check_non_negative(counts)
    if source == "X":
        if COUNTS in out.layers:  # not counts, or they had been used
            move_entry(out.layers, COUNTS, "layers")
        out.layers[COUNTS] = counts.copy()
    out.X = log1p_normalize(counts, target_sum)
    out.uns["log1p"] = {}
    log.info("X was normalized to log1p(%g) from %s", target_sum, source or "unverified X")
    return out


def _what_to_do(adata: AnnData) -> str:
    """Return a hint for data whose X cannot be used: raw.X, if it has log1p(10,000)."""
    has_logarithms = adata.raw is not None and matrix_state(open_matrix(adata.raw.X)) == "log1p_10k"
    return "raw.X has log1p(10k) values: pass adata.raw.to_adata()" if has_logarithms else UNSAFE


def warn_forced(status: Status) -> None:
    """Warn that data with an unverified state are used."""
    log.warning(
        "=== UNSAFE: normalizing data whose state is not verified (unsafe_force=True) ===\n"
        "X is %s and there are no raw counts: %s. If it is log-transformed already, on another scale, z-scored or an "
        "embedding, every result below is wrong.",
        status["x_state"],
        X_STATE_TEXTS[status["x_state"]],
    )


def _matrix_of(adata: AnnData, source: str) -> sp.csr_matrix:
    rows, matrix = np.arange(adata.n_obs), open_matrix(matrix_of(adata, source))
    if source != "raw.X":
        return matrix.take(rows)
    columns = adata.raw.var_names.get_indexer(adata.var_names) if adata.raw.var_names.is_unique else None
    if columns is None or (columns < 0).any():
        raise InputError(
            "raw.X cannot be aligned with X: its var_names repeat, or lack genes of X",
            hint='put the counts of the genes of X into adata.layers["counts"]',
        )
    return matrix.take(rows, columns)
