"""Warnings for models of few genes, with the classes that such a model cannot separate."""

from collections.abc import Mapping
from typing import Any, Final

from spatialcore.annotation.calls.resolution import confusable_pairs

FEW_GENES: Final = 100
VERY_FEW_GENES: Final = 30
MAX_PAIRS: Final = 8
MAX_NAMED: Final = 8
LOW_F1: Final = 0.5


def confuses_types(n_genes: int, heldout: Mapping[str, Any], classes: tuple[str, ...]) -> bool:
    """Return whether a model has fewer than 30 genes and takes held-out cells of some classes for each other.

    Parameters
    ----------
    n_genes, heldout, classes
        As in :func:`small_panel_warning`.

    Examples
    --------
    >>> confuses_types(16, {"confusion": [[8, 2], [4, 6]]}, ("Oligo", "OPC"))
    True
    >>> confuses_types(16, {"confusion": [[8, 0], [0, 8]]}, ("Oligo", "OPC"))
    False
    """
    if n_genes >= VERY_FEW_GENES or not heldout.get("confusion"):
        return False
    return bool(confusable_pairs(heldout["confusion"], classes))


def small_panel_warning(
    n_genes: int, heldout: Mapping[str, Any], classes: tuple[str, ...], *, is_auto: bool = False
) -> str:
    """Return a warning for a model of few genes; empty where the panel is large enough.

    Parameters
    ----------
    n_genes
        Genes of the model.
    heldout
        The model's scores on held-out cells, with their ``confusion``.
    classes
        The classes of the model, in the order of the confusion.
    is_auto
        Whether the calls were made with ``resolution: auto``.

    Examples
    --------
    >>> small_panel_warning(16, {"confusion": [[8, 2], [4, 6]]}, ("Oligo", "OPC"))[:52]
    'The model has 16 genes, too few to separate all type'
    >>> small_panel_warning(400, {}, ("Oligo", "OPC"))
    ''
    """
    if n_genes >= FEW_GENES:
        return ""
    pairs = confusable_pairs(heldout["confusion"], classes) if heldout.get("confusion") else []
    if not pairs:
        return f"The model has {n_genes} genes: small panels separate few types." if n_genes < VERY_FEW_GENES else ""
    named = "; ".join(f"{' and '.join(pair['classes'])} ({100 * pair['share']:.0f} %)" for pair in pairs[:MAX_PAIRS])
    more = f"; and {len(pairs) - MAX_PAIRS} more pairs" if len(pairs) > MAX_PAIRS else ""
    auto = "some cells have their common ancestor" if is_auto else "resolution: auto gives their common ancestor"
    return (
        f"The model has {n_genes} genes, too few to separate all types. Confused on held-out cells: {named}{more}. "
        f"Do not interpret calls of one of these types against the other; {auto}."
    )


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
    if n_genes < VERY_FEW_GENES:
        lines.append(f"Only {n_genes} genes are shared, far too few for many types.")
    elif n_genes < FEW_GENES:
        lines.append(f"Only {n_genes} genes are shared: subtypes may not be separated.")
    if weak:
        named = ", ".join(f"{name} (F1 {value:.2f})" for value, name in weak[:MAX_NAMED])
        more = f" and {len(weak) - MAX_NAMED} more" if len(weak) > MAX_NAMED else ""
        lines.append(f"Poorly separated on held-out cells: {named}{more}.")
    return " ".join(lines)
