"""Check that two sets of genes overlap enough: a panel and a reference, a model and a query.

The share is taken of the smaller set: a reference that measures fewer genes than a large panel is not refused for that.
"""

from collections.abc import Mapping
from typing import Final

FEWEST: Final = 10
FEW: Final = 100
VERY_FEW: Final = 30
LOW_F1: Final = 0.5
NAMED: Final = 8


def is_enough(shared: int, panel: int, other: int, min_pct: float) -> bool:
    """Return whether a panel and another set of genes share enough.

    That is ``min_pct`` per cent of the smaller set, and ten genes (of a panel of fewer: any).

    Examples
    --------
    >>> is_enough(261, 1267, 500, 25), is_enough(9, 500, 30, 25), is_enough(2, 2, 500, 25)
    (True, False, True)
    """
    fewest = FEWEST if panel >= FEWEST else 1
    return shared >= fewest and 100 * shared >= min_pct * min(panel, other)


def shared_pct(shared: int, panel: int, other: int) -> float:
    """Return the shared genes in per cent of the smaller set."""
    return 100 * shared / max(1, min(panel, other))


def few_genes_warning(n_genes: int, f1: Mapping[str, float]) -> str:
    """Return a warning for a model of few genes or with classes of low held-out F1; else an empty text.

    Parameters
    ----------
    n_genes
        Genes that the model reads.
    f1
        Held-out F1 of each class.

    Examples
    --------
    >>> few_genes_warning(16, {"B cell": 0.9, "T cell": 0.2})
    'Only 16 genes are shared, far too few for many types. Poorly separated on held-out cells: T cell (F1 0.20).'
    >>> few_genes_warning(300, {"B cell": 0.9})
    ''
    """
    weak = sorted((value, name) for name, value in f1.items() if value < LOW_F1)
    lines = []
    if n_genes < VERY_FEW:
        lines.append(f"Only {n_genes} genes are shared, far too few for many types.")
    elif n_genes < FEW:
        lines.append(f"Only {n_genes} genes are shared: subtypes may not be separated.")
    if weak:
        named = ", ".join(f"{name} (F1 {value:.2f})" for value, name in weak[:NAMED])
        more = f" and {len(weak) - NAMED} more" if len(weak) > NAMED else ""
        lines.append(f"Poorly separated on held-out cells: {named}{more}.")
    return " ".join(lines)
