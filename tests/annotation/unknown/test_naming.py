"""Suggested names of a group."""

import json

import numpy as np
import pytest

from spatialcore.annotation.unknown.naming import dropped_labels, marker_lineage, reference_query
from spatialcore.sources.census_query import CensusQuery


def test_the_markers_of_a_group_name_it() -> None:
    genes = ["MS4A1", "CD79A", "CD19", "CD3D", "CD3E", "CD2"]
    name, term, auc = marker_lineage(genes, np.array([0.9, 0.95, 0.85, 0.4, 0.4, 0.4]))
    assert (name, term) == ("B cell", "CL:0000236")
    assert auc == pytest.approx(0.9)


def test_mouse_symbols_find_the_same_markers() -> None:
    assert marker_lineage(["Ms4a1", "Cd79a", "Cd19"], np.array([0.9, 0.9, 0.9]))[1] == "CL:0000236"


def test_without_markers_there_is_no_name() -> None:
    assert marker_lineage(["MS4A1", "CD79A", "CD19"], np.array([0.5, 0.55, 0.6]))[:2] == ("", "")
    assert marker_lineage(["A", "B"], np.array([1.0, 1.0]))[:2] == ("", "")


def test_labels_of_the_same_lineage_are_reported() -> None:
    dropped = [{"label": "naive B cell"}, {"label": "lymphocyte"}, {"label": "T cell"}, {"label": "what is this"}, {}]
    manifest = {"references_json": json.dumps([{"dropped": dropped}, {}])}
    assert dropped_labels(manifest, "CL:0000236") == ["naive B cell", "lymphocyte"]
    assert dropped_labels(manifest, "") == []
    assert dropped_labels({}, "CL:0000236") == []


def test_the_suggested_query_is_valid_for_the_census() -> None:
    uri = reference_query("CD4-positive, alpha-beta T cell", "lung")
    query = CensusQuery.parse(uri.removeprefix("cellxgene://?"))
    assert dict(query.filters) == {"cell_type": ("CD4-positive, alpha-beta T cell",), "tissue": ("lung",)}
    assert reference_query("B cell", "unknown") == "cellxgene://?cell_type=B+cell"
    assert reference_query("", "unknown") == ""
