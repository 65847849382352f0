"""The result of a mapping and its files."""

import json

import pandas as pd
import pytest

from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.result import (
    TABLE_COLUMNS,
    MappingResult,
    candidates,
    mapping_metadata,
    mapping_table,
)
from spatialcore.errors import InputError

MATCHES = {
    "T": Match("T", "CL:0000084", "T cell", 1.0, "tier1_exact"),
    "x": Match("x", suggestions=(("CL:0000236", "B cell", 0.3),)),
}


@pytest.fixture
def table():
    labels, curated = pd.Series(["T", "T", "x", "x", ""]), pd.Series(["", "", "", "CL:0000235", ""])
    return mapping_table(labels, curated, MATCHES, matcher_for())


def test_one_row_per_label_and_curated_id(table):
    assert table.columns.tolist() == TABLE_COLUMNS
    assert table[["input_label", "id", "n_cells", "curated"]].to_numpy().tolist() == [
        ["T", "CL:0000084", 2, False],
        ["x", "", 1, False],
        ["x", "CL:0000235", 1, True],
    ]
    assert table["suggestions"].tolist() == ["", "B cell (CL:0000236)", ""]


def test_metadata_counts(table):
    metadata = mapping_metadata(table, matcher_for(), "label", None, "panel", None)
    assert (metadata["n_labels"], metadata["n_labels_mapped"], metadata["n_cells"], metadata["n_cells_mapped"]) == (
        3,
        2,
        4,
        3,
    )
    assert metadata["labels_by_tier"] == {"tier1_exact": 2, "unmapped": 1}


def test_candidates_have_the_term_first():
    assert candidates(MATCHES["x"]) == [
        {"id": "CL:0000236", "name": "B cell", "score": 0.3, "match_tier": "suggestion"}
    ]
    assert candidates(MATCHES["T"])[0]["match_tier"] == "tier1_exact"


def test_files(table, tmp_path):
    result = MappingResult(table, mapping_metadata(table, matcher_for(), "label", None, "panel", None))
    paths = result.save(tmp_path / "out", "label")
    assert pd.read_csv(paths["table"])["input_label"].tolist() == ["T", "x", "x"]
    assert json.loads(paths["missed"].read_text())["unmapped"][0]["input_label"] == "x"
    assert "python" in json.loads(paths["metadata"].read_text())["versions"]
    with pytest.raises(InputError, match="is a file"):
        result.save(paths["table"])
