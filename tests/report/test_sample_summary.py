"""The summary of a sample."""

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.report.sample_summary import FILE, SampleSummary


@pytest.fixture
def annotated(rng: np.random.Generator) -> ad.AnnData:
    counts = rng.poisson(2.0, (50, 12)).astype(np.float32)
    calls = np.where(np.arange(50) < 30, "B cell", "Unassigned")
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(calls),
            "cell_type_confidence": rng.random(50),
            "cell_type_unassigned_reason": np.where(calls == "Unassigned", "low_confidence", ""),
        },
        index=[f"c{n}" for n in range(50)],
    )
    return ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=[f"g{n}" for n in range(12)]))


def test_the_summary_agrees_with_the_cells(annotated: ad.AnnData) -> None:
    summary = SampleSummary.of(annotated)
    assert (summary.n_cells, summary.n_called) == (50, 30)
    assert summary.composition == {"B cell": 30, "Unassigned": 20}
    assert summary.reasons == {"low_confidence": 20}
    assert summary.median_counts == np.median(annotated.X.sum(axis=1))
    assert summary.median_confidence == pytest.approx(np.median(annotated.obs["cell_type_confidence"]), abs=1e-4)
    shares = annotated.X.sum(axis=0) / annotated.X.sum()
    assert list(summary.gene_shares.values()) == pytest.approx(shares.tolist(), rel=1e-3)


def test_counts_have_priority_over_normalized_values(annotated: ad.AnnData) -> None:
    before = SampleSummary.of(annotated)
    annotated.layers["counts"] = annotated.X.copy()
    annotated.X = np.log1p(annotated.X / annotated.X.sum(axis=1, keepdims=True) * 1e4)
    assert SampleSummary.of(annotated) == before


def test_data_without_counts_have_no_depth(annotated: ad.AnnData) -> None:
    annotated.X = np.log1p(annotated.X / annotated.X.sum(axis=1, keepdims=True) * 1e4) * 3.7 - 1
    summary = SampleSummary.of(annotated)
    assert (summary.median_counts, summary.gene_shares) == (None, {})


def test_summary_round_trip(annotated: ad.AnnData, tmp_path: Path) -> None:
    summary = SampleSummary.of(annotated)
    path = summary.write(tmp_path)
    assert path.name == FILE
    assert SampleSummary.model_validate_json(path.read_text()) == summary
    assert json.loads(path.read_text())["n_cells"] == 50
