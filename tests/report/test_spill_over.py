"""The section about spill-over in the report."""

import json

import pandas as pd
from anndata import AnnData

from spatialcore.report.spill_over import spill_over


def annotated(**described: object) -> AnnData:
    obs = pd.DataFrame(
        {
            "cell_type_predicted": ["T cell", "T cell", "B cell"],
            "foreign_share": [0.5, 0.3, 0.1],
            "foreign_share_null": [0.1, 0.1, 0.1],
            "second_type": pd.Categorical(["B cell", "", ""]),
        },
        index=list("abc"),
    )
    adata = AnnData(obs=obs)
    adata.uns["spatialcore_annotation"] = {"spill_over_json": json.dumps(described)}
    return adata


def test_a_unit_stated_after_the_run_changes_the_note() -> None:
    described = {"available": True, "detected": False, "z": 1.0, "nearest_distance": 9.0, "unit": ""}
    adata = annotated(**described, warning="the unit of the coordinates is unknown")
    assert "Note: the unit of the coordinates is unknown." in spill_over(adata)["text"]
    adata.uns["spatialcore_source"] = {"unit": "µm"}
    assert "Note" not in spill_over(adata)["text"]
    adata.uns["spatialcore_source"] = {"unit": "px"}
    assert "Note: the unit of the coordinates is px" in spill_over(adata)["text"]


def test_types_with_their_sources_and_second_types() -> None:
    received = {"T cell": {"B cell": 8.0}, "B cell": {"T cell": 1.0}}
    result = spill_over(
        annotated(available=True, detected=True, z=9.2, foreign_share=0.21, warning="", received=received)
    )
    assert result["text"] == (
        "21.0 % of the counts came from neighbours of another type (spill-over was detected: z = 9.2 against permuted "
        "neighbours, 3.5 is required)."
    )
    assert result["types"][0] == {
        "name": "T cell",
        "n_cells": 2,
        "share": 0.4,
        "null": 0.1,
        "senders": "B cell 100 %",
        "second": 0.5,
    }
    assert [row["name"] for row in result["types"]] == ["T cell", "B cell"]


def test_without_spill_over_the_evidence_and_a_note_are_shown() -> None:
    result = spill_over(annotated(available=True, detected=False, z=1.04, warning="the unit is unknown"))
    assert result["text"].startswith("No spill-over between neighbours was detected (z = 1.0")
    assert result["text"].endswith("Note: the unit is unknown.")
    assert result["types"] == []


def test_the_reason_is_given_if_it_was_not_estimated() -> None:
    text = spill_over(annotated(available=False, reason="the data have no coordinates"))["text"]
    assert text == "Spill-over was not estimated: the data have no coordinates."
    assert spill_over(AnnData())["text"] == "Spill-over was not estimated."
