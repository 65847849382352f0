"""Entries of the run manifest: genes, colours and counts of the calls."""

import json
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist

Simulated = tuple[AnnData, AnnData, np.ndarray]


@pytest.mark.parametrize("n_missing", [0, 3])
def test_genes_of_the_model_are_counted_and_missing_ones_listed(
    simulated: Simulated, trained: Path, n_missing: int
) -> None:
    query = simulated[1][:, n_missing:].copy()
    manifest = annotate_celltypist(query, custom_model_path=trained).uns[columns.MANIFEST]
    n_genes = manifest["n_model_genes"]
    assert manifest["n_shared_genes"] == n_genes - n_missing
    assert manifest["gene_overlap_pct"] == pytest.approx(100 * (n_genes - n_missing) / n_genes)
    assert sorted(json.loads(manifest["missing_genes_json"])) == sorted(simulated[1].var_names[:n_missing])


def test_colors_and_counts_are_those_of_the_calls(simulated: Simulated, trained: Path) -> None:
    query = simulated[1].copy()
    counts = query.X.tolil()
    counts[0] = 0
    query.X = counts.tocsr()
    manifest = annotate_celltypist(query, custom_model_path=trained, min_confidence=0.5).uns[columns.MANIFEST]
    assert set(json.loads(manifest["colors_json"])) == set(json.loads(manifest["model_classes_json"]))
    assert manifest["n_cells"] == query.n_obs
    assert manifest["n_without_counts"] == 1
    assert manifest["n_unassigned"] == (query.obs[columns.CELL_TYPE] == columns.UNASSIGNED).sum()
