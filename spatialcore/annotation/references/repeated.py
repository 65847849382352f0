"""Cells that occur in two references: a file given twice, or two releases of one atlas."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.sparse as sp

from spatialcore.annotation.expression.cell_order import row_hashes
from spatialcore.annotation.references.labels import Finding
from spatialcore.annotation.references.reference import Reference
from spatialcore.core.logging import get_logger

log = get_logger(__name__)

DETECTED_GENES: Final = 15  # cells with fewer may be equal by chance
FEWEST: Final = 0.01  # share of the smaller reference


def note_repeated_cells(references: Sequence[Reference], counts: Sequence[sp.csr_matrix]) -> None:
    """Log and note in the findings the references that share cells, by equal counts of the same genes.

    Parameters
    ----------
    references
        The references, whose cells are drawn.
    counts
        For each, drawn cells x genes.
    """
    hashes = [_hashes_of_cells(part) for part in counts]
    for second, reference in enumerate(references):
        for first in range(second):
            n = len(np.intersect1d(hashes[first], hashes[second]))
            smaller = min(len(hashes[first]), len(hashes[second]))
            if reference.profiles is None and n > FEWEST * smaller:
                message = (
                    f"{n:,} of the drawn cells are also in {references[first].source}: held-out scores and the "
                    "calibration are too high, leave one of the two out"
                )
                log.warning("%s: %s", reference.source, message)
                reference.findings.append(Finding("repeated_cells", message))


def _hashes_of_cells(counts: sp.csr_matrix) -> np.ndarray:
    """Return one number for each different cell with enough genes."""
    return np.unique(row_hashes(counts)[np.diff(counts.indptr) >= DETECTED_GENES])
