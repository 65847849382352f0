"""The marker table."""

import pytest

from spatialcore.annotation import load_canonical_markers, load_ontology_index
from spatialcore.annotation.markers import markers_for_genes
from spatialcore.core.genes.species import count_species, species_of_genes
from spatialcore.core.genes.tables import orthologs
from spatialcore.errors import InputError
from tests.tools import load_tool


def test_size_and_examples():
    markers = load_canonical_markers()
    assert sum(len(genes) >= 3 for genes in markers.values()) >= 150
    assert markers["t cell"][:5] == ["CD3D", "CD3G", "CD3E", "IL7R", "TRBC1"]
    assert markers["macrophage"][:5] == ["CD163", "CD68", "MARCO", "CSF1R", "MERTK"]
    assert markers["fibroblast"][:5] == ["COL1A1", "DCN", "PDGFRA", "VIM", "LUM"]


def test_names_are_lower_case_terms_of_the_index():
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


def test_measured_restricts_to_the_panel():
    measured = load_canonical_markers().measured(["CD3E", "CD68"])
    assert measured["t cell"] == ["CD3E"]
    assert "hepatocyte" not in measured


def test_the_result_is_a_copy():
    load_canonical_markers()["t cell"].clear()
    assert load_canonical_markers()["t cell"]


def test_the_shipped_file_equals_the_output_of_the_tool():
    pytest.importorskip("celltypist")
    build = load_tool("build_markers")
    assert build.TARGET.read_text() == build.build()
    assert build.MOUSE_TARGET.read_text() == build.build_mouse()


def test_genes_are_sorted_by_number_of_sources():
    build = load_tool("build_markers")
    genes = {"A": 1, "B": 0, "C": 3, "D": 1}
    assert build.ranked("some cell", genes) == ["C", "A", "D", "B"]
    assert build.ranked("macrophage", {"CD68": 9, "C1QA": 2})[:5] == build.DOCUMENTED["macrophage"]
    shipped = load_canonical_markers()
    for name, counts in build.read_table().items():
        assert shipped[name.lower()] == build.ranked(name, counts)


def test_the_tool_reports_errors_in_the_table():
    build = load_tool("build_markers")
    table = {"macrophage": {"CD68": 1, "CD163": 0}, "no such cell": {"CD68": 0, "CD3E": 0, "NOTAGENE9": 0}}
    errors = build.errors_in(table)
    assert any("no such cell" in error for error in errors)
    assert any("fewer than three" in error for error in errors)
    assert any("NOTAGENE9" in error for error in errors)


def test_mouse_markers_start_with_mouse_genes_followed_by_orthologs():
    mouse, human = load_canonical_markers("mouse"), load_canonical_markers()
    assert mouse["microglial cell"][:3] == ["P2ry12", "Tmem119", "Cx3cr1"]
    assert mouse["L6b"][:2] == ["Ccn2", "Nxph4"]
    ortholog = orthologs("human", "mouse")
    assert mouse["pancreatic acinar cell"] == [
        ortholog[gene] for gene in human["pancreatic acinar cell"] if gene in ortholog
    ]
    assert species_of_genes(gene for genes in mouse.values() for gene in genes) == "mouse"
    assert not count_species(gene for genes in mouse.values() for gene in genes).human


def test_markers_follow_the_species_of_the_genes():
    assert markers_for_genes(["Gad1", "Aqp4"])["astrocyte"][0] == "Aqp4"
    assert markers_for_genes(["GAD1"]) == markers_for_genes(["gene1"]) == load_canonical_markers()
    with pytest.raises(InputError, match="rat"):
        load_canonical_markers("rat")
