"""The genes that all references have."""

import numpy as np
from numpy.typing import NDArray

from spatialcore.annotation.expression import no_shared_genes
from spatialcore.annotation.references.reference import Reference
from spatialcore.core.types import Ints
from spatialcore.errors import GeneOverlapError


def shared_genes(
    references: list[Reference], wanted: list[str] | None, least_pct: float
) -> tuple[list[str], list[list[Ints]]]:
    """Return the genes that all references have, and where each reference has them."""
    asked = references[0].features.select(None, references[0].source)[0] if wanted is None else wanted
    found = [reference.features.positions(asked) for reference in references]
    there = np.array([[len(at) > 0 for at in positions] for positions in found])
    for reference, own in zip(references, there, strict=True):
        if not own.any():
            raise no_shared_genes(reference.source, reference.features.symbols, "the target genes", asked)
    shared = there.all(axis=0)
    pct = 100 * shared.mean()
    if not shared.any() or (wanted is not None and pct < least_pct):
        raise _too_few(references, there, least_pct)
    kept = np.flatnonzero(shared)
    return [asked[i] for i in kept], [[positions[i] for i in kept] for positions in found]


def _too_few(references: list[Reference], there: NDArray[np.bool_], least_pct: float) -> GeneOverlapError:
    each = ", ".join(f"{r.source} {own.sum()}" for r, own in zip(references, there, strict=True))
    shared, wanted = int(there.all(axis=0).sum()), there.shape[1]
    worst = int(there.sum(axis=1).argmin())
    without = np.delete(there, worst, axis=0)
    rest = int(without.all(axis=0).sum()) if len(without) else 0
    if len(references) > 1 and rest > shared:
        hint = f"drop {references[worst].source}: the others share {rest} of {wanted}"
    else:
        hint = "pass a reference of the same species and genome, or lower min_gene_overlap_pct"
    return GeneOverlapError(
        f"the references share {shared} of {wanted} wanted genes ({100 * shared / wanted:.1f} %), "
        f"wanted at least {least_pct:g} % (each alone: {each})",
        hint=hint,
    )
