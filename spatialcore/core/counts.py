"""Detect integer counts, and recover counts from normalized values."""

from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from spatialcore.core.matrix import MatrixSource, open_matrix
from spatialcore.core.types import Floats, Numbers
from spatialcore.errors import NormalizationError

CountsKind = Literal["raw", "recovered", "pseudo"]

TOLERANCE = 1e-6
INTEGER_SHARE = 0.95
PSEUDO_TOTAL = 2000.0
NEAR = 0.05
MAX_TESTED_VALUE = 100.0
MIN_TESTED_VALUES = 5
LOG_BASES = (np.e, 2.0, 10.0)
MAX_EXPONENT = 80.0
MAX_COUNTS = 1e7  # of a cell: no sequencer gives more


def fraction_integer(values: Numbers, tolerance: float = TOLERANCE) -> float:
    """Return the fraction of values within ``tolerance`` of an integer; 0 for no values.

    Examples
    --------
    >>> fraction_integer(np.array([1.0, 2.0, 2.5, 3.0]))
    0.75
    """
    if len(values) == 0:
        return 0.0
    if values.dtype.kind in "iub":
        return 1.0
    finite = values[np.isfinite(values)]
    return float(np.sum(np.abs(finite - np.round(finite)) < tolerance)) / len(values)


def recover_counts(X: MatrixSource, *, smallest: Floats | None = None) -> tuple[sp.csr_matrix, CountsKind]:
    """Return the counts of a matrix of counts or log-normalized values.

    Integers are taken as they are (``raw``). Otherwise the logarithm is undone (natural, or base 2 or 10 where that
    fits the cell) and every cell is divided by its smallest non-zero value, which is one count in nearly every cell.
    Where that gives near-integers in at least 95 % of the cells, the counts are ``recovered``. A cell without that
    pattern, or with more counts than a sequencer gives, is scaled to a total of 2,000 and rounded; where most cells
    are so, the result is ``pseudo``.

    Parameters
    ----------
    X
        Cells x genes; counts, or log1p (or log2(x + 1)) of counts scaled per cell.
    smallest
        Smallest non-zero value of each cell over all genes (length: cells), if ``X`` has only some of the genes.

    Returns
    -------
    counts : csr_matrix
        Cells x genes, float32.
    kind : str
        "raw", "recovered" or "pseudo".

    Raises
    ------
    NormalizationError
        X has negative or non-finite values.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.array([[1, 0, 3], [2, 5, 1]])
    >>> logged = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 10_000)
    >>> recovered, kind = recover_counts(logged)
    >>> recovered.toarray().astype(int).tolist(), kind
    ([[1, 0, 3], [2, 5, 1]], 'recovered')
    """
    matrix = open_matrix(X)
    values = matrix.take(np.arange(matrix.shape[0]))
    check_non_negative(values)
    if fraction_integer(values.data) > INTEGER_SHARE:
        values.data = np.round(values.data)
        return _without_zeros(values), "raw"
    floor = matrix.row_floor(np.arange(matrix.shape[0])) if smallest is None else smallest
    linear, fits = _best_base(values, floor)
    filled = np.diff(values.indptr) > 0
    share = float(fits[filled].mean()) if filled.any() else 0.0
    counts = _scaled(linear, np.where(fits, 1.0, PSEUDO_TOTAL / np.maximum(_totals(linear), 1e-12)))
    counts.data = np.round(counts.data)
    return _without_zeros(counts), "recovered" if share >= INTEGER_SHARE else "pseudo"


def _best_base(values: sp.csr_matrix, floor: Floats) -> tuple[sp.csr_matrix, NDArray[np.bool_]]:
    """Undo the logarithm of the base that fits most cells; a cell that only another base fits gets that one."""
    tried = [_in_units_of_one_count(values, floor, base) for base in LOG_BASES]
    shares = [fits.mean() if len(fits) else 0.0 for _, fits in tried]
    first = int(np.argmax(shares))
    linear, fits = tried[first]
    for other, others_fit in (one for i, one in enumerate(tried) if i != first and shares[i] > 0):
        rows = np.repeat(others_fit & ~fits, np.diff(values.indptr))
        linear.data = np.where(rows, other.data, linear.data)
        fits = fits | others_fit
    return linear, fits


def check_non_negative(values: sp.csr_matrix) -> None:
    """Raise for negative and non-finite values, which cannot be expression."""
    if not np.isfinite(values.data).all():
        raise NormalizationError(
            "Cannot safely normalize data: it has NaN or infinite values", hint="remove or impute them first"
        )
    if values.nnz and values.data.min() < 0:
        raise NormalizationError(
            f"Cannot safely normalize data: it has negative values (smallest {values.data.min():.3g}); it may be "
            "scaled, batch-corrected or an embedding",
            hint='provide raw counts in adata.layers["counts"]',
        )


def _in_units_of_one_count(
    values: sp.csr_matrix, floor: Floats, base: float
) -> tuple[sp.csr_matrix, NDArray[np.bool_]]:
    """Reverse the logarithm and divide each cell by its smallest value; return which cells became near-integers."""
    linear = values.astype(np.float64)
    with np.errstate(over="ignore"):
        linear.data = np.expm1(np.minimum(linear.data * np.log(base), MAX_EXPONENT))
        unit = np.expm1(np.minimum(floor * np.log(base), MAX_EXPONENT))
    linear = _scaled(linear, 1.0 / np.where(unit > 0, unit, 1.0))
    row = np.repeat(np.arange(linear.shape[0]), np.diff(linear.indptr))
    tested = linear.data <= MAX_TESTED_VALUE
    near = np.abs(linear.data - np.round(linear.data)) < NEAR
    n_tested = np.bincount(row[tested], minlength=linear.shape[0])
    n_near = np.bincount(row[tested & near], minlength=linear.shape[0])
    enough = n_tested >= np.minimum(MIN_TESTED_VALUES, np.diff(linear.indptr))  # one value is always one of itself
    possible = _totals(linear) <= MAX_COUNTS
    return linear, enough & possible & (n_near >= INTEGER_SHARE * np.maximum(n_tested, 1))


def _totals(matrix: sp.csr_matrix) -> Floats:
    return np.asarray(matrix.sum(axis=1), dtype=np.float64).ravel()


def _scaled(matrix: sp.csr_matrix, factors: Floats) -> sp.csr_matrix:
    scaled = matrix.copy()
    scaled.data = scaled.data * np.repeat(factors, np.diff(scaled.indptr))
    return scaled


def _without_zeros(counts: sp.csr_matrix) -> sp.csr_matrix:
    counts = counts.astype(np.float32)
    counts.eliminate_zeros()
    return counts
