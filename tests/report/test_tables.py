"""Tables of the report."""

import json
from pathlib import Path
from types import SimpleNamespace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.report import tables
from tests.plotting.tissues import annotated, make_tissue


@pytest.fixture
def sample() -> ad.AnnData:
    return annotated(make_tissue())


def test_types_have_cells_scores_and_ids(sample: ad.AnnData) -> None:
    validation = pd.DataFrame({"cell_type": ["T cell"], "auc": [0.9]})
    rows = {row["name"]: row for row in tables.types(sample, 0.8, validation)}
    is_t = sample.obs[columns.PREDICTED] == "T cell"
    assert rows["T cell"]["n_cells"] == 150
    assert rows["T cell"]["confidence"] == pytest.approx(np.median(sample.obs.loc[is_t, columns.CONFIDENCE]))
    assert (rows["T cell"]["f1"], rows["T cell"]["auc"], rows["T cell"]["id"]) == (0.77, 0.9, "CL:0000084")
    assert rows["B cell"]["n_predicted"] == 200
    assert rows["B cell"]["auc"] is None


def test_references_with_their_origin(sample: ad.AnnData) -> None:
    origin = {"license": "MIT", "datasets": [{"dataset_title": "Atlas", "collection_doi": "10.1/x"}]}
    entries = json.loads(sample.uns[columns.MANIFEST]["references_json"])
    sample.uns[columns.MANIFEST] |= {"references_json": json.dumps([entries[0] | {"origin": origin}])}
    row = tables.references(sample)[0]
    assert (row["n_cells"], row["n_kept"], row["genes"]) == (500, 480, "27 of 30")
    assert row["about"] == "Atlas, 10.1/x; licence: MIT"
    assert tables.dropped(sample) == [
        {"source": "atlas", "label": "doublet", "reason": "excluded label", "n_cells": 20}
    ]


def test_cells_without_a_call(sample: ad.AnnData) -> None:
    rows = tables.unassigned(sample)
    assert sum(row["n_cells"] for row in rows) == 35
    assert [row["reason"] for row in rows if not row["advice"]] == []


def test_shares_of_levels_are_those_of_their_cells(monkeypatch: pytest.MonkeyPatch, sample: ad.AnnData) -> None:
    sizes = [99, 108, 11, 67]  # their shares of all cells do not add up to the share of their sum in floating point
    table = pd.DataFrame({"level": 1, "cell_type": list("abcd"), "n_cells": sizes, "confidence": 0.9})
    table["share"] = table["n_cells"] / sample.n_obs
    monkeypatch.setattr(tables, "level_table", lambda _: table)
    assert [row["share"] for row in tables.levels(sample)] == [sum(sizes) / sample.n_obs]


def test_model_card_and_versions(sample: ad.AnnData) -> None:
    rows = {row["name"]: row["value"] for row in tables.card(sample)}
    assert rows["Median counts of the query"] == "42"
    assert rows["Macro-F1 on held-out cells, with or without a call"] == "0.860"
    assert rows["Reference matched to"] == "depth, gene efficiencies and background of the query"
    assert "Name" not in rows
    assert {"name": "anndata", "value": "0.12.19"} in tables.versions(sample)


def test_threshold_of_config_manifest_and_default(sample: ad.AnnData) -> None:
    config = SimpleNamespace(confidence_threshold=0.6)
    assert tables.threshold_of(sample, config) == 0.6  # type: ignore[arg-type]
    assert tables.threshold_of(sample, None) == 0.8
    del sample.uns[columns.MANIFEST]
    assert tables.threshold_of(sample, None) == tables.DEFAULT_THRESHOLD


def test_model_card_of_the_data_has_priority(sample: ad.AnnData) -> None:
    assert tables.with_model_card(sample, Path("absent.pkl")) is sample


def test_missing_columns_are_reported() -> None:
    with pytest.raises(InputError, match="cell_type and cell_type_confidence"):
        tables.require_calls(ad.AnnData(np.ones((2, 2), np.float32)))
