"""The genes that all references have."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spatialcore.annotation.expression.errors import no_shared_genes
from spatialcore.annotation.gene_overlap import MIN_GENES, is_enough
from spatialcore.annotation.references.reference import Reference
from spatialcore.core.logging import get_logger
from spatialcore.core.types import Ints
from spatialcore.errors import GeneOverlapError

log = get_logger(__name__)

COSTLY = 2.0


def shared_genes(
    references: list[Reference], panel: list[str] | None, min_pct: float
) -> tuple[list[str], list[list[Ints]]]:
    """Return the genes that all references have, and the positions of their features in each reference."""
    requested = references[0].features.select(None, references[0].source)[0] if panel is None else panel
    positions_of_each = [reference.features.positions(requested) for reference in references]
    has_gene = np.array([[len(at) > 0 for at in positions] for positions in positions_of_each])
    for reference, row in zip(references, has_gene, strict=True):
        if not row.any():
            raise no_shared_genes(
                reference.source, [name for name in reference.features.symbols if name], "the target genes", requested
            )
    error = overlap_error(
        [reference.source for reference in references],
        has_gene,
        [_n_genes(reference) for reference in references],
        min_pct if panel is not None else 0.0,
    )
    if error is not None:
        raise error
    shared = has_gene.all(axis=0)
    offer = costly_reference([reference.source for reference in references], has_gene)
    if offer:
        log.warning(offer)
    shared_positions = np.flatnonzero(shared)
    return [requested[i] for i in shared_positions], [
        [positions[i] for i in shared_positions] for positions in positions_of_each
    ]


def _n_genes(reference: Reference) -> int:
    return len(set(reference.features.symbols) - {""})


def _without_worst(has_gene: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the reference without which the others share most genes, and that number of genes."""
    n = len(has_gene)
    rest = [int(np.delete(has_gene, i, axis=0).all(axis=0).sum()) if n > 1 else 0 for i in range(n)]
    worst = max(range(n), key=lambda i: (rest[i], -int(has_gene[i].sum())))
    return worst, rest[worst]


def costly_reference(names: Sequence[str], has_gene: NDArray[np.bool_]) -> str:
    """Return an offer to leave out a reference without which the others share more than twice as many genes, or "".

    Parameters
    ----------
    names
        Of each reference, its name.
    has_gene
        References x panel genes: whether a reference has a gene.

    Examples
    --------
    >>> has_gene = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], dtype=bool)
    >>> costly_reference(["a", "b", "c"], has_gene)[:68]
    'c has 2 of 5 panel genes, so that only 2 are used; without it the ot'
    """
    shared = int(has_gene.all(axis=0).sum())
    if len(names) < 2:
        return ""
    worst, rest = _without_worst(has_gene)
    if rest <= COSTLY * shared:
        return ""
    return (
        f"{names[worst]} has {int(has_gene[worst].sum())} of {has_gene.shape[1]} panel genes, so that only {shared} "
        f"are used; without it the others share {rest}: leave it out, unless the other references lack its types"
    )


def overlap_error(
    names: Sequence[str], has_gene: NDArray[np.bool_], n_genes: Sequence[int], min_pct: float
) -> GeneOverlapError | None:
    """Return the error for references that share too few genes with the panel, None where they share enough.

    Parameters
    ----------
    names, n_genes
        Of each reference, its name and how many genes it has.
    has_gene
        References x panel genes: whether a reference has a gene.
    min_pct
        The minimum share, in per cent of the smallest set of genes.
    """
    shared, n_panel = int(has_gene.all(axis=0).sum()), has_gene.shape[1]
    smallest = min([n_panel, *n_genes])
    if is_enough(shared, n_panel, smallest, min_pct):
        return None
    each = ", ".join(f"{name} {row.sum()}" for name, row in zip(names, has_gene, strict=True))
    worst, rest = _without_worst(has_gene)
    if len(names) > 1 and rest > shared:
        hint = f"drop {names[worst]}: the others share {rest} of {n_panel}"
    else:
        hint = "pass a reference of the same species and genome, or lower min_gene_overlap_pct"
    return GeneOverlapError(
        f"the references share {shared} of {n_panel} target genes ({100 * shared / max(1, smallest):.1f} % of the "
        f"smallest set of {smallest}), expected at least {min_pct:g} % and {MIN_GENES} genes "
        f"(genes by reference: {each})",
        hint=hint,
    )
