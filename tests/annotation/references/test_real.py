"""Real references combined: their content, and what is left out and why."""

import json
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from spatialcore.annotation import combine_references, subsample_balanced


def manifest(combined: ad.AnnData) -> dict[str, dict[str, Any]]:
    return {entry["source"]: entry for entry in json.loads(combined.uns["spatialcore_references"])}


def dropped(entry: dict[str, Any]) -> dict[Any, tuple[str, int]]:
    return {one["label"]: (one["reason"], one["n_cells"]) for one in entry["dropped"]}


@pytest.fixture(scope="module")
def blood(shared: Path) -> ad.AnnData:
    names = ("pbmc_symphony_3assay.h5ad", "pbmc68k_reduced.h5ad")
    return combine_references([shared / "data" / name for name in names], ["cell_type"])


@pytest.fixture(scope="module")
def islets(shared: Path) -> ad.AnnData:
    names = ("pancreas_baron_h1.h5ad", "pancreas_xin_scclassify.h5ad")
    return combine_references([shared / "data" / name for name in names], ["cell_type"])


def test_blood_counts_are_true_or_recovered(blood: ad.AnnData) -> None:
    entries = manifest(blood)
    assert entries["pbmc_symphony_3assay"]["counts"] == {"source": "X", "kind": "raw"}
    assert entries["pbmc68k_reduced"]["counts"] == {"source": "X", "kind": "recovered"}
    assert dropped(entries["pbmc_symphony_3assay"]) == {
        "MK": ("fewer than 10 cells", 7),
        "HSC": ("fewer than 10 cells", 3),
    }
    assert dropped(entries["pbmc68k_reduced"]) == {"CD4+/CD45RA+/CD25- Naive T": ("fewer than 10 cells", 8)}
    assert blood.n_obs == 1200 - 10 + 700 - 8


def test_pancreas_altered_names_are_matched_and_pseudo_counts_reported(islets: ad.AnnData) -> None:
    entries = manifest(islets)
    assert entries["pancreas_baron_h1"]["counts"]["kind"] == "raw"
    assert entries["pancreas_xin_scclassify"]["counts"]["kind"] in ("pseudo", "recovered")
    assert dropped(entries["pancreas_baron_h1"]) == {
        "mast": ("fewer than 10 cells", 8),
        "schwann": ("fewer than 10 cells", 5),
        "t_cell": ("fewer than 10 cells", 2),
    }
    assert dropped(entries["pancreas_xin_scclassify"]) == {}
    assert islets.n_obs == 1937 - 15 + 674


@pytest.mark.parametrize("name", ["blood", "islets"])
def test_both_references_are_on_one_scale(name: str, request: pytest.FixtureRequest) -> None:
    combined = request.getfixturevalue(name)
    totals = np.expm1(combined.X.astype(np.float64)).sum(axis=1)
    np.testing.assert_allclose(np.asarray(totals)[np.asarray(totals) > 0], 1e4, rtol=1e-3)
    for entry in manifest(combined).values():
        assert entry["n_cells"] == entry["n_kept"] + sum(one["n_cells"] for one in entry["dropped"])


def test_the_combined_references_balance(islets: ad.AnnData) -> None:
    balanced = subsample_balanced(islets, "original_label", max_cells_per_type=200, min_cells_per_type=10)
    table = balanced.obs.groupby(["original_label", "reference_source"], observed=True).size()
    assert balanced.obs["original_label"].value_counts().max() == 200
    assert table["beta", "pancreas_baron_h1"] == 150  # 154 in proportion, reduced to give the other at least 50
    assert table["beta", "pancreas_xin_scclassify"] == 50
