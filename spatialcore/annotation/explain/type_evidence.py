"""The genes that carry the calls of each type, those that are missing, and those that are unexpected."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from spatialcore.annotation.calls.prediction import Prediction
from spatialcore.annotation.explain.calls import log_predictor
from spatialcore.annotation.explain.contributions import EXPRESSED, MISSING, UNEXPECTED, contributions
from spatialcore.annotation.expression.data import is_dask
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.query import Expression
from spatialcore.annotation.training.solver.blas_threads import one_blas_thread
from spatialcore.core.normalization import row_totals
from spatialcore.core.sampling import draw_named
from spatialcore.core.types import Codes, Floats

CELLS_PER_TYPE: Final = 100
CELLS_AT_ONCE: Final = 400
N_GENES: Final[dict[str, int]] = {EXPRESSED: 8, MISSING: 4, UNEXPECTED: 4}
MIN_SHARE: Final = 0.015  # of the contributions for the call
COLUMNS: Final = ("cell_type", "runner_up", "role", "rank", "gene", "contribution", "detected", "expected", "n_cells")


def type_evidence(model: CellTypingModel, query: Expression, best: Codes, method: str) -> pd.DataFrame:
    """Return the genes for and against the calls of each type, from up to 100 cells of the type.

    Parameters
    ----------
    model
        The model that called the cells.
    query
        The cells.
    best
        Position of each cell's class, -1 without a call.
    method
        How the confidence was computed, which decides how normalized values are read.

    Returns
    -------
    DataFrame
        Rows of each type, by role, the largest contribution first:

        - ``cell_type``, ``runner_up`` (the most frequent one of its cells), ``role``, ``rank``, ``gene``
        - ``contribution``: mean over the cells of what the gene adds to the lead over the runner-up. "expressed": genes
          that carry the calls; "missing": genes of the type that its cells have less of than the mean training cell;
          "unexpected": genes of the runner-up that they have more of
        - ``detected``: share of the cells with the gene; ``expected``: the same for cells of the class profile at this
          depth, NaN for a model without profiles
        - ``n_cells``: cells that the row is from
    """
    rows, codes = _sample(best, query.names, len(model.classes))
    predictor = log_predictor(model, query, method)
    lines: list[tuple[object, ...]] = []
    for classes in _groups(codes, query):
        chosen = np.isin(codes, classes)
        stored = query.stored_rows(rows[chosen])
        values, totals = predictor.log_values(stored), _totals(query, stored, model)
        for k in classes.tolist():
            cells = np.flatnonzero(codes[chosen] == k)
            lines += _of_type(model, query, k, values[cells], totals[cells])
    return pd.DataFrame(lines, columns=list(COLUMNS))


def evidence_json(model: CellTypingModel, query: Expression, prediction: Prediction, method: str) -> str:
    """Return the table of :func:`type_evidence` as JSON records, for the run manifest."""
    with one_blas_thread():
        table = type_evidence(model, query, prediction.best, method)
    return str(table.to_json(orient="records", double_precision=4))


def _sample(best: Codes, names: pd.Index, n_classes: int) -> tuple[npt.NDArray[np.intp], Codes]:
    """Return the positions of up to 100 cells per class, ascending, and their classes."""
    members = (np.flatnonzero(best == k) for k in range(n_classes))
    chosen = [cells[draw_named(names[cells], CELLS_PER_TYPE, 0)] for cells in members]
    rows = np.sort(np.concatenate(chosen)).astype(np.intp)
    return rows, best[rows]


def _groups(codes: Codes, query: Expression) -> Iterator[Codes]:
    """Yield the classes whose cells are read at once; of a dask array all, because each read computes its blocks."""
    classes, sizes = np.unique(codes, return_counts=True)
    part = np.zeros(len(sizes), int) if is_dask(query.matrix) else np.cumsum(sizes) // CELLS_AT_ONCE
    return (classes[part == number] for number in np.unique(part))


def _totals(query: Expression, stored: sparse.csr_matrix, model: CellTypingModel) -> Floats:
    """Return the counts of the cells over the shared genes; only for models with class profiles."""
    return np.zeros(stored.shape[0]) if model.profiles is None else row_totals(query.as_counts(stored))


def _of_type(
    model: CellTypingModel, query: Expression, k: int, values: sparse.csr_matrix, totals: Floats
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a type."""
    n_cells = values.shape[0]
    parts = contributions(model.linear, values, query.genes.model)
    weights = parts.weights * (parts.best == k)[:, None]  # rounding may decide a tie another way
    mean, level = np.einsum("ij,ij->j", weights, parts.standardized) / n_cells, parts.standardized.mean(axis=0)
    detected = np.bincount(values.indices, minlength=values.shape[1]) / n_cells
    expected = _expected(model, query, k, totals)
    runner_up = model.classes[int(np.bincount(parts.runner_up).argmax())]
    minimum = MIN_SHARE * float(np.maximum(mean, 0).sum())
    for role, n in N_GENES.items():
        for rank, g in enumerate(_top(mean, level, role, n, minimum).tolist(), start=1):
            gene = model.genes[int(query.genes.model[g])]
            numbers = (float(mean[g]), float(detected[g]), float(expected[g]), n_cells)
            yield (model.classes[k], runner_up, role, rank, gene, *numbers)


def _top(mean: Floats, level: Floats, role: str, n: int, minimum: float) -> npt.NDArray[np.intp]:
    """Return the genes of a role with the largest contributions, at most n."""
    sign = 1.0 if role == EXPRESSED else -1.0
    is_high = level < 0 if role == MISSING else level > 0
    order = np.argsort(-sign * mean, kind="stable")
    return np.asarray(order[(sign * mean[order] > minimum) & is_high[order]][:n], dtype=np.intp)


def _expected(model: CellTypingModel, query: Expression, k: int, totals: Floats) -> Floats:
    """Return the share of cells of the class profile that would have each gene, with Poisson counts at these depths."""
    if model.profiles is None:
        return np.full(len(query.genes.model), np.nan)
    profile = model.profiles[k, query.genes.model]
    rates = totals[:, None] * (profile / profile.sum())
    shares: Floats = (1 - np.exp(-rates)).mean(axis=0)
    return shares
