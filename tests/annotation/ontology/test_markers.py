"""The marker table."""

import pytest

from spatialcore.annotation import load_canonical_markers, load_ontology_index
from tests.annotation.ontology.test_index import tool


def test_size_and_examples():
    markers = load_canonical_markers()
    assert sum(len(genes) >= 3 for genes in markers.values()) >= 150
    assert markers["t cell"][:5] == ["CD3D", "CD3G", "CD3E", "IL7R", "TRBC1"]
    assert markers["macrophage"][:5] == ["CD163", "CD68", "MARCO", "CSF1R", "MERTK"]
    assert markers["fibroblast"][:5] == ["COL1A1", "DCN", "PDGFRA", "VIM", "LUM"]


def test_every_name_is_a_lower_case_term_of_the_index():
    keys = load_ontology_index()["cl"]
    assert all(name in keys and keys[name]["name"].lower() == name for name in load_canonical_markers())


@pytest.mark.parametrize("name", ["CL:0000235", "Macrophages", "macrophage", "Mph", "MACROPHAGE"])
def test_look_up_by_id_name_and_synonym(name):
    markers = load_canonical_markers()
    assert name in markers
    assert markers[name] == markers.get(name) == markers["macrophage"]


def test_unknown_names():
    markers = load_canonical_markers()
    assert markers.get("no such cell") is None
    assert "no such cell" not in markers
    with pytest.raises(KeyError):
        markers["no such cell"]


def test_measured_cuts_to_the_panel():
    cut = load_canonical_markers().measured(["CD3E", "CD68"])
    assert cut["t cell"] == ["CD3E"]
    assert "hepatocyte" not in cut


def test_a_change_does_not_reach_the_next_caller():
    load_canonical_markers()["t cell"].clear()
    assert load_canonical_markers()["t cell"]


def test_shipped_file_is_what_the_tool_makes():
    pytest.importorskip("celltypist")
    build = tool("build_markers")
    assert build.TARGET.read_text() == build.build()


def test_genes_stand_by_the_number_of_tables_that_have_them():
    build = tool("build_markers")
    genes = {"A": 1, "B": 0, "C": 3, "D": 1}
    assert build.ranked("some cell", genes) == ["C", "A", "D", "B"]
    assert build.ranked("macrophage", {"CD68": 9, "C1QA": 2})[:5] == build.DOCUMENTED["macrophage"]
    shipped = load_canonical_markers()
    for name, counts in build.read_table().items():
        assert shipped[name.lower()] == build.ranked(name, counts)


def test_the_tool_refuses_a_table_with_faults():
    build = tool("build_markers")
    table = {"macrophage": {"CD68": 1, "CD163": 0}, "no such cell": {"CD68": 0, "CD3E": 0, "NOTAGENE9": 0}}
    found = build.faults(table)
    assert any("no such cell" in fault for fault in found)
    assert any("fewer than three" in fault for fault in found)
    assert any("NOTAGENE9" in fault for fault in found)
