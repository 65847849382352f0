"""The shipped tables are what the tools make, and an index of one's own is honoured."""

import importlib.util
import json
from pathlib import Path

import pytest

from spatialcore.annotation import load_ontology_index
from spatialcore.errors import FileMissingError, InputError

ROOT = Path(__file__).resolve().parents[3]


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_shipped_files_are_what_the_tool_makes():
    pytest.importorskip("cellxgene_ontology_guide")
    made = tool("build_ontology_index").build()
    folder = ROOT / "spatialcore" / "data" / "ontology_mappings"
    assert {name: (folder / name).read_text() == text for name, text in made.items()} == dict.fromkeys(made, True)


def test_shape():
    index = load_ontology_index()
    assert index["metadata"]["cl_terms"] > 3000
    assert index["cl"]["cd4-positive, alpha-beta t cell"] == {
        "id": "CL:0000624",
        "name": "CD4-positive, alpha-beta T cell",
    }
    assert all(key == key.lower() and entry["id"].startswith("CL:") for key, entry in index["cl"].items())


def test_index_path_is_honoured_every_time(tmp_path):
    file = tmp_path / "index.json"
    for name in ("one", "two"):
        file.write_text(json.dumps({"cl": {name: {"id": "CL:0000000", "name": name}}}))
        assert list(load_ontology_index(file)["cl"]) == [name]
    assert len(load_ontology_index()["cl"]) > 6000


def test_what_is_returned_may_be_changed():
    load_ontology_index()["cl"].clear()
    assert load_ontology_index()["cl"]


@pytest.mark.parametrize(
    "content",
    ["not json", "[]", "{}", '{"cl": {}}',
     '{"cl": {"T cell": {"id": "CL:0000084", "name": "T cell"}}}', '{"cl": {"t": {}}}',
     '{"cl": {"brain": {"id": "UBERON:0000955", "name": "brain"}}}'],
)  # fmt: skip
def test_a_damaged_index_is_refused(tmp_path, content):
    file = tmp_path / "index.json"
    file.write_text(content)
    with pytest.raises(InputError):
        load_ontology_index(file)
    with pytest.raises(FileMissingError):
        load_ontology_index(tmp_path / "absent.json")
