"""Findings in label columns."""

import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.references.labels import (
    DEFAULT_EXCLUDE_LABELS,
    Finding,
    check_labels,
    curated_ids,
    raise_on_findings,
)
from spatialcore.errors import LabelColumnError


def codes_of(labels: list[str | None], min_cells: int = 1) -> dict[str, str]:
    return {finding.code: finding.severity for finding in check_labels(pd.Categorical(labels), "type", min_cells)}


@pytest.mark.parametrize(
    ("labels", "code", "severity"),
    [
        (["B", "T", None], "missing_labels", "note"),
        (["B", "B"], "one_type", "note"),
        (["cluster 1", "T"], "cluster_numbers", "warning"),
        (["leiden_12", "T"], "cluster_numbers", "warning"),
        (["CL:0000236", "T"], "ontology_ids", "warning"),
        (["B cell", "b  CELL"], "spellings", "warning"),
        ([f"type{i}x" for i in range(501)], "many_types", "warning"),
    ],
)
def test_findings(labels: list[str | None], code: str, severity: str) -> None:
    assert codes_of(labels) == {code: severity}


def test_a_valid_column_has_no_findings() -> None:
    assert codes_of(["B cell", "T cell", "CD4 T"]) == {}


def test_small_types_are_counted() -> None:
    (finding,) = check_labels(pd.Categorical(["B"] * 5 + ["T"] * 2 + ["NK"]), "type", 3)
    assert finding.message == "column 'type': types with fewer than 3 cells: NK, T"


def test_only_warnings_are_raised_and_only_if_strict(caplog: pytest.LogCaptureFixture) -> None:
    findings = [("a.h5ad", [Finding("small_types", "x", "note"), Finding("spellings", "y")])]
    with caplog.at_level("INFO", "spatialcore"):
        raise_on_findings(findings, strict=False)
    assert [(record.levelname, record.message) for record in caplog.records] == [
        ("INFO", "a.h5ad: x"),
        ("WARNING", "a.h5ad: y"),
    ]
    with pytest.raises(LabelColumnError, match=r"^a\.h5ad: y\n"):
        raise_on_findings(findings, strict=True)
    raise_on_findings([("a.h5ad", [Finding("small_types", "x", "note")])], strict=True)


def test_curated_ids_are_those_of_the_cell_ontology() -> None:
    ids, findings = curated_ids(pd.Series(["CL:0000236", " CL:0000084 ", np.nan, "unknown", "UBERON:1", "CL:12"]))
    assert ids.tolist() == ["CL:0000236", "CL:0000084", "", "", "", ""]
    assert [finding.message for finding in findings] == [
        "values that are not Cell Ontology ids are ignored: CL:12, UBERON:1"
    ]
    assert curated_ids(pd.Series(["CL:0000236"]))[1] == []


def test_uninformative_labels_are_excluded_by_default() -> None:
    assert {"unknown", "doublet", "NA"} <= set(DEFAULT_EXCLUDE_LABELS)
