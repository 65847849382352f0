"""The shipped ontology index, and custom ones."""

import json

import pytest

from spatialcore.annotation import load_ontology_index
from spatialcore.errors import FileMissingError, InputError
from tests.tools import ROOT, load_tool


def test_shipped_files_equal_the_output_of_the_tool():
    pytest.importorskip("cellxgene_ontology_guide")
    built = load_tool("build_ontology_index").build()
    folder = ROOT / "spatialcore" / "data" / "ontology_mappings"
    assert {name: (folder / name).read_text() == text for name, text in built.items()} == dict.fromkeys(built, True)


def test_format():
    index = load_ontology_index()
    assert index["metadata"]["cl_terms"] > 3000
    assert index["cl"]["cd4-positive, alpha-beta t cell"] == {
        "id": "CL:0000624",
        "name": "CD4-positive, alpha-beta T cell",
    }
    assert all(key == key.lower() and entry["id"].startswith("CL:") for key, entry in index["cl"].items())


def test_index_path_is_read_on_every_call(tmp_path):
    file = tmp_path / "index.json"
    for name in ("one", "two"):
        file.write_text(json.dumps({"cl": {name: {"id": "CL:0000000", "name": name}}}))
        assert list(load_ontology_index(file)["cl"]) == [name]
    assert len(load_ontology_index()["cl"]) > 6000


@pytest.mark.parametrize("foreign", ["UBERON:0000955", "EFO:0001185", "cl:0000084", "", None, 7])
def test_entries_outside_the_cell_ontology_are_skipped_with_a_count(tmp_path, foreign, caplog):
    file = tmp_path / "index.json"
    entries = {"macrophage": {"id": "CL:0000235", "name": "macrophage"}}
    entries |= {name: {"id": foreign, "name": name} for name in ("brain", "Hela", "hek293")}
    file.write_text(json.dumps({"cl": entries}))
    assert list(load_ontology_index(file)["cl"]) == ["macrophage"]
    assert "skipped 3 entries not of the Cell Ontology" in caplog.text


def test_the_result_is_a_copy():
    load_ontology_index()["cl"].clear()
    assert load_ontology_index()["cl"]


@pytest.mark.parametrize(
    "content",
    ["not json", "[]", "{}", '{"cl": {}}',
     '{"cl": {"T cell": {"id": "CL:0000084", "name": "T cell"}}}', '{"cl": {"t": {}}}',
     '{"cl": {"brain": {"id": "UBERON:0000955", "name": "brain"}}}'],
)  # fmt: skip
def test_invalid_files_are_an_error(tmp_path, content):
    file = tmp_path / "index.json"
    file.write_text(content)
    with pytest.raises(InputError):
        load_ontology_index(file)
    with pytest.raises(FileMissingError):
        load_ontology_index(tmp_path / "absent.json")
