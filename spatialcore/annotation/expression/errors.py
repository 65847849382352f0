"""Errors for expression that no model can read; a run, a dry run and ``inspect`` raise the same ones."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from spatialcore.core.normalization import X_STATE_TEXTS, Status
from spatialcore.core.types import Numbers
from spatialcore.errors import GeneOverlapError, NormalizationError

UNSAFE: Final = (
    'provide raw counts in adata.layers["counts"], or use unsafe_force=True when you know that X can be used'
)


def not_normalizable(status: Status, name: str = "", hint: str = UNSAFE) -> NormalizationError:
    """Return the error for data without counts whose X is not log1p(10,000)."""
    where = f" of {name}" if name else ""
    stats, total = status["stats"], status["x_target_sum"]
    totals = "" if total is None else f", total of a cell after expm1 {total:,.0f}"
    return NormalizationError(
        f"Cannot safely normalize data{where}: no raw counts found and X is not verified log1p_10k. "
        f"X is {X_STATE_TEXTS[status['x_state']]} (state {status['x_state']}, sampled values "
        f"{stats['min']:.3g} to {stats['max']:.3g}{totals})",
        hint=hint,
    )


def mixed_scales(odd: dict[str, int], n: int, where: str, features: Sequence[str] = ()) -> NormalizationError:
    """Return the error for cells whose values cannot be expression, or are on another scale than the others."""
    cells = ", ".join(f"{number:,} with {what}" for what, number in odd.items())
    names = f"; features that cannot be genes: {', '.join(features)}" if features else ""
    return NormalizationError(
        f"{where} has cells on different scales of expression: of {n:,} cells {cells}{names}",
        hint="pass raw counts of all cells, as the instrument or the aligner wrote them, or remove these cells",
    )


def no_shared_genes(name: str, names: Sequence[str], other_name: str, other_names: Sequence[str]) -> GeneOverlapError:
    """Return the error for two gene sets without a gene in common; it shows the first names of both."""
    return GeneOverlapError(
        f"No shared genes found between {name} ({', '.join(map(str, names[:5]))} ...) and {other_name} "
        f"({', '.join(map(str, other_names[:5]))} ...)",
        hint="check Ensembl ids against symbols, and the species; ids are mapped through a var column feature_name or "
        "gene_symbols, or through the shipped human and mouse tables",
    )


def require_expression(values: Numbers, source: str, most: float = 1.0) -> None:
    """Raise if values cannot be expression: negative, infinite or NaN.

    Parameters
    ----------
    values
        The stored values of a matrix.
    source
        Name of the matrix, for the error.
    most
        If a larger share of the values is affected, no error is raised: the data are then of another kind.

    Raises
    ------
    NormalizationError
        With the number of values of each kind.
    """
    if values.size == 0 or (values.min() >= 0 and np.isfinite(values.max())):  # a NaN makes both comparisons false
        return
    bad = {"NaN": np.isnan(values), "infinite": np.isinf(values), "negative": values < 0}
    counts = {kind: int(mask.sum()) for kind, mask in bad.items() if mask.any()}
    if sum(counts.values()) > most * values.size:
        return
    listed = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    raise NormalizationError(
        f"{source} has values that cannot be expression: {listed} of {values.size:,}",
        hint="pass raw counts as the instrument wrote them, or drop the cells and genes with such values",
    )
