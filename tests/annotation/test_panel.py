"""Panel files with any header; all published Xenium panels are read and their genes recognised."""

from pathlib import Path

import pandas as pd
import pytest

from spatialcore.annotation.panel import read_panel
from spatialcore.core.genes.symbols import is_ensembl, shared_positions
from spatialcore.core.genes.tables import ids_by_symbol
from spatialcore.core.utils import load_ensembl_to_hugo_mapping
from spatialcore.errors import FileMissingError, InputError

PANELS = ("hBrain", "hBreast", "hColon", "hIO", "hLung", "hMulti", "hPrime5K", "hSkin", "mBrain", "mMulti")


@pytest.mark.parametrize("name", PANELS)
def test_every_xenium_panel_is_read(name: str, shared: Path) -> None:
    file = shared / "data" / "panels" / f"{name}.csv"
    genes = read_panel(file)
    table = pd.read_csv(file, dtype=str)
    ids = next(table[column] for column in table if table[column].map(lambda v: is_ensembl(str(v))).mean() > 0.9)
    current = [symbol for symbol in dict.fromkeys(table["gene"]) if symbol in ids_by_symbol()]
    assert [gene for gene in genes if gene in set(current)] == current
    assert len(genes) == table["gene"].nunique()
    result = shared_positions(genes, list(table["gene"]), list(ids))
    assert all(len(at) for at in result)


@pytest.mark.parametrize("name", PANELS)
def test_a_reference_of_current_ids_has_the_panel(name: str, shared: Path) -> None:
    """The panel has the symbols of its year and the reference current ones; they are matched."""
    mapping = load_ensembl_to_hugo_mapping(species="mouse" if name.startswith("m") else "human")
    genes = read_panel(shared / "data" / "panels" / f"{name}.csv")
    result = shared_positions(genes, list(mapping.values()), list(mapping))
    assert [gene for gene, at in zip(genes, result, strict=True) if not len(at)] == []


@pytest.mark.parametrize("name", PANELS)
def test_a_panel_of_ids_only(name: str, shared: Path, tmp_path: Path) -> None:
    table = pd.read_csv(shared / "data" / "panels" / f"{name}.csv", dtype=str)
    column = next(c for c in table if table[c].map(lambda v: is_ensembl(str(v))).mean() > 0.9)
    table[[column]].rename(columns={column: "Some Heading"}).to_csv(tmp_path / "ids.csv", index=False)
    genes = read_panel(tmp_path / "ids.csv")
    assert len(genes) >= 0.98 * table[column].nunique()
    assert sum(is_ensembl(gene) for gene in genes) <= 0.02 * len(genes)


@pytest.mark.parametrize(
    "content",
    [
        "gene,Ensembl_ID\nCD4,ENSG00000010610\nTP53,ENSG00000141510\n",
        "\ufeffGene\tEnsemble ID\nCD4\tENSG00000010610\nTP53\tENSG00000141510\n",
        "Number;Gene Name\n1;CD4\n2;TP53\n",
        "gene_id,probes\nENSG00000010610.15,3\nENSG00000141510,8\n",
        "gene,probes\nCD4,3\nCD4,4\nNegControlProbe_00001,1\n,2\nTP53,8\n",
    ],
)
def test_headings_and_separators(content: str, tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text(content, encoding="utf-8")
    assert read_panel(tmp_path / "panel.csv") == ["CD4", "TP53"]


def test_one_gene_per_line_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "panel.txt").write_text("CD4\nTP53\nHLA-A\n")
    assert read_panel(tmp_path / "panel.txt") == ["CD4", "TP53", "HLA-A"]


@pytest.mark.parametrize("content", ["", "colour,size\nred,1\n", "\x00\x01", "a,b\n1,2,3,4\n5\n"])
def test_files_that_are_not_panels(content: str, tmp_path: Path) -> None:
    (tmp_path / "panel.csv").write_text(content)
    with pytest.raises(InputError, match="panel"):
        read_panel(tmp_path / "panel.csv")


def test_a_missing_panel(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="no panel file"):
        read_panel(tmp_path / "absent.csv")


def test_a_panel_file_with_a_heading_only_has_no_genes(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    path.write_text("gene\n")
    with pytest.raises(InputError, match=r"panel\.csv has no genes"):
        read_panel(path)
