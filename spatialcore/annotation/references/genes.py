"""The genes that all references have."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spatialcore.annotation.expression import no_shared_genes
from spatialcore.annotation.gene_overlap import FEWEST, is_enough
from spatialcore.annotation.references.reference import Reference
from spatialcore.core.logging import get_logger
from spatialcore.core.types import Ints
from spatialcore.errors import GeneOverlapError

log = get_logger(__name__)

COSTLY = 2.0


def shared_genes(
    references: list[Reference], wanted: list[str] | None, least_pct: float
) -> tuple[list[str], list[list[Ints]]]:
    """Return the genes that all references have, and where each reference has them."""
    asked = references[0].features.select(None, references[0].source)[0] if wanted is None else wanted
    found = [reference.features.positions(asked) for reference in references]
    there = np.array([[len(at) > 0 for at in positions] for positions in found])
    for reference, own in zip(references, there, strict=True):
        if not own.any():
            raise no_shared_genes(
                reference.source, [name for name in reference.features.symbols if name], "the target genes", asked
            )
    error = overlap_error(
        [reference.source for reference in references],
        there,
        [_n_genes(reference) for reference in references],
        least_pct if wanted is not None else 0.0,
    )
    if error is not None:
        raise error
    shared = there.all(axis=0)
    _warn_costly(references, there)
    kept = np.flatnonzero(shared)
    return [asked[i] for i in kept], [[positions[i] for i in kept] for positions in found]


def _n_genes(reference: Reference) -> int:
    return len(set(reference.features.symbols) - {""})


def _without_worst(there: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the reference with the fewest genes, and how many the others share."""
    worst = int(there.sum(axis=1).argmin())
    others = np.delete(there, worst, axis=0)
    return worst, int(others.all(axis=0).sum()) if len(others) else 0


def _warn_costly(references: list[Reference], there: NDArray[np.bool_]) -> None:
    """Name a reference whose few genes cost the others more than half of what they share."""
    worst, rest = _without_worst(there)
    shared = int(there.all(axis=0).sum())
    if len(references) > 1 and rest > COSTLY * shared:
        log.warning(
            "%s has %d of %d panel genes, so that only %d are used; without it the others share %d: leave it out, "
            "unless it has types of its own",
            references[worst].source,
            int(there[worst].sum()),
            there.shape[1],
            shared,
            rest,
        )


def overlap_error(
    names: Sequence[str], there: NDArray[np.bool_], n_genes: Sequence[int], least_pct: float
) -> GeneOverlapError | None:
    """Return the error for references that share too few genes with the panel, None where they share enough.

    Parameters
    ----------
    names, n_genes
        Of each reference, its name and how many genes it has.
    there
        References x panel genes: whether a reference has a gene.
    least_pct
        The least share, in per cent of the smallest set of genes.
    """
    shared, wanted = int(there.all(axis=0).sum()), there.shape[1]
    smallest = min([wanted, *n_genes])
    if is_enough(shared, wanted, smallest, least_pct):
        return None
    each = ", ".join(f"{name} {own.sum()}" for name, own in zip(names, there, strict=True))
    worst, rest = _without_worst(there)
    if len(names) > 1 and rest > shared:
        hint = f"drop {names[worst]}: the others share {rest} of {wanted}"
    else:
        hint = "pass a reference of the same species and genome, or lower min_gene_overlap_pct"
    return GeneOverlapError(
        f"the references share {shared} of {wanted} wanted genes ({100 * shared / max(1, smallest):.1f} % of the "
        f"smallest set of {smallest}), wanted at least {least_pct:g} % and {FEWEST} genes "
        f"(each alone: {each})",
        hint=hint,
    )
