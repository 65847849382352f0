"""Summary statistics of a sample, to compare samples."""

import json
from pathlib import Path
from typing import Self

import numpy as np
from anndata import AnnData
from pydantic import BaseModel, ConfigDict

from spatialcore import columns
from spatialcore.core.categories import as_texts
from spatialcore.core.matrix import totals
from spatialcore.errors import NormalizationError
from spatialcore.plotting.groups import type_colors

FILE = "summary.json"


class SampleSummary(BaseModel):
    """Calls, confidence and depth of one sample: the content of ``summary.json``.

    Parameters
    ----------
    n_cells, n_called
        Cells, and cells with a call.
    composition
        Cells of each call.
    reasons
        Cells without a call, by the reason.
    median_confidence
        Over all cells.
    median_counts
        Counts of a cell over all features; None where the data have no counts.
    gene_shares
        Share of each gene in all counts of the sample; empty without counts.
    colors
        Colour of each call in the figures; empty in files of earlier versions.
    """

    model_config = ConfigDict(frozen=True)

    n_cells: int
    n_called: int
    composition: dict[str, int]
    reasons: dict[str, int]
    median_confidence: float
    median_counts: float | None
    gene_shares: dict[str, float]
    colors: dict[str, str] = {}

    @classmethod
    def of(cls, adata: AnnData) -> Self:
        """Summarize annotated data: calls in obs, counts in X or a layer.

        Examples
        --------
        >>> import pandas as pd
        >>> calls = {"cell_type": ["B cell", "Unassigned"], "cell_type_confidence": [0.9, 0.3],
        ...          "cell_type_unassigned_reason": ["", "low_confidence"]}
        >>> adata = AnnData(np.array([[3.0, 1.0], [0.0, 4.0]]), pd.DataFrame(calls, index=["a", "b"]),
        ...                 pd.DataFrame(index=["CD3D", "MS4A1"]))
        >>> summary = SampleSummary.of(adata)
        >>> summary.n_called, summary.median_counts, summary.gene_shares
        (1, 4.0, {'CD3D': 0.375, 'MS4A1': 0.625})
        """
        calls = as_texts(adata.obs[columns.CELL_TYPE])
        reasons = as_texts(adata.obs[columns.UNASSIGNED_REASON])
        confidence = adata.obs[columns.CONFIDENCE].to_numpy(dtype=np.float64)
        depth, shares = _counts(adata)
        return cls(
            n_cells=adata.n_obs,
            n_called=int((calls != columns.UNASSIGNED).sum()),
            composition={str(name): int(n) for name, n in calls.value_counts().items()},
            reasons={str(name): int(n) for name, n in reasons.value_counts().items() if name},
            median_confidence=round(float(np.median(confidence)), 4) if adata.n_obs else 0.0,
            median_counts=depth,
            gene_shares=shares,
            colors=type_colors(adata, columns.CELL_TYPE),
        )

    def write(self, folder: Path) -> Path:
        """Write ``summary.json`` into a folder and return its path."""
        path = folder / FILE
        path.write_text(json.dumps(self.model_dump(), indent=1, sort_keys=True) + "\n")
        return path


def _counts(adata: AnnData) -> tuple[float | None, dict[str, float]]:
    """Return the median count of a cell, and each gene's share of all counts."""
    from spatialcore.annotation.expression.find import find_counts

    try:
        matrix, kind, source = find_counts(adata)
    except NormalizationError:
        return None, {}
    if kind != "counts" or adata.n_obs == 0:
        return None, {}
    genes = adata.raw.var_names if source == "raw.X" else adata.var_names
    per_cell, per_gene = totals(matrix)
    total = per_gene.sum() or 1.0
    shares = {str(gene): float(f"{share:.4g}") for gene, share in zip(genes, per_gene / total, strict=True)}
    return float(np.median(per_cell)), shares
