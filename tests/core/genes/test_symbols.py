"""Gene names: ids, versions, former symbols, controls, several features of one gene."""

from importlib.util import find_spec
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore.annotation import get_panel_genes
from spatialcore.core.genes.sums import sum_duplicates
from spatialcore.core.genes.symbols import (
    canonical_symbol,
    ids_of,
    is_control,
    is_ensembl,
    shared_positions,
    strip_version,
    symbols_of,
)
from spatialcore.core.utils import load_ensembl_to_hugo_mapping, normalize_gene_names
from spatialcore.errors import FileMissingError, InputError

KNOWN = {
    "ENSG00000141510": "TP53",
    "ENSG00000010610": "CD4",
    "ENSG00000206503": "HLA-A",
    "ENSMUSG00000023274": "Cd4",
    "ENSMUSG00000059552": "Trp53",
}
CONTROLS = [
    "NegControlProbe_00042",
    "NegControlCodeword_0500",
    "antisense_PROKR2",
    "BLANK_0069",
    "UnassignedCodeword_0037",
    "DeprecatedCodeword_0318",
    "Intergenic_Region_2001",
    "Negative1",
    "Negative 01",
    "NegPrb3",
    "SystemControl12",
    "FalseCode_007",
    "Blank-31",
]


@pytest.mark.parametrize(("identifier", "symbol"), KNOWN.items())
def test_human_and_mouse_ids_are_known(identifier: str, symbol: str) -> None:
    species = "mouse" if "MUS" in identifier else "human"
    assert load_ensembl_to_hugo_mapping()[identifier] == symbol
    assert load_ensembl_to_hugo_mapping(species=species)[identifier] == symbol


def test_the_two_species_share_no_id() -> None:
    human, mouse = (load_ensembl_to_hugo_mapping(species=one) for one in ("human", "mouse"))
    assert len(load_ensembl_to_hugo_mapping()) == len(human) + len(mouse)
    assert len(human) > 38_000
    assert len(mouse) > 30_000


def test_retired_ids_are_known_by_their_last_symbol() -> None:
    spec = find_spec("celltypist")
    assert spec is not None
    assert spec.origin is not None
    table = pd.read_csv(
        Path(spec.origin).parent / "data/samples/GENCODEv44_Gene_id2name.csv", header=None, names=["id", "symbol"]
    )
    named = table[~table["symbol"].str.startswith("ENS") & table["id"].map(is_ensembl)]
    mapping = load_ensembl_to_hugo_mapping(species="human")
    assert set(named["id"].map(strip_version)) <= set(mapping)


def test_an_unknown_species_is_refused() -> None:
    with pytest.raises(InputError, match="axolotl"):
        load_ensembl_to_hugo_mapping(species="axolotl")


def test_a_table_of_your_own(tmp_path: Path) -> None:
    table = tmp_path / "genes.tsv"
    table.write_text("gene_id\tgene_name\nENSG00000141510.18\tMINE\nnothing\tELSE\n")
    assert load_ensembl_to_hugo_mapping(table) == {"ENSG00000141510": "MINE"}


@pytest.mark.parametrize("content", ["<html><body>502 Bad Gateway</body></html>", "", "a,b\n1,2\n", "\x00\x01\x02"])
def test_a_page_of_html_is_no_gene_table(content: str, tmp_path: Path) -> None:
    table = tmp_path / "genes.csv"
    table.write_text(content)
    with pytest.raises(InputError, match=r"Ensembl id|not a gene table"):
        load_ensembl_to_hugo_mapping(table)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match="absent"):
        load_ensembl_to_hugo_mapping(tmp_path / "absent.csv")


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert load_ensembl_to_hugo_mapping(auto_download=True)["ENSG00000141510"] == "TP53"


@pytest.mark.parametrize(
    "name", ["ENSG00000141510", "ENSG00000141510.18", "ENSMUSG00000023274.12", "ENSDARG00000035559"]
)
def test_ids_with_and_without_version(name: str) -> None:
    assert is_ensembl(name)
    assert strip_version(name) == name.split(".")[0]


@pytest.mark.parametrize("name", ["TP53", "ENSG0001", "ENST00000269305", "HLA.A", "", "ENSG00000141510x"])
def test_what_is_no_gene_id(name: str) -> None:
    assert not is_ensembl(name)
    assert strip_version(name) == name


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("HLA.A", "HLA-A"),
        ("HLA.DRB1", "HLA-DRB1"),
        ("MT.CO1", "MT-CO1"),
        ("MATR3_ENSG00000280987", "MATR3"),
        ("CD4", "CD4"),
        ("AC011043.1", "AC011043.1"),
        ("H2.K1", "H2-K1"),
    ],
)
def test_mangled_names(name: str, symbol: str) -> None:
    assert canonical_symbol(name) == symbol


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_of_the_platforms(name: str) -> None:
    assert is_control(name)


def test_no_gene_is_taken_for_a_control() -> None:
    assert [symbol for symbol in load_ensembl_to_hugo_mapping().values() if is_control(symbol)] == []


def test_symbols_come_from_var_before_the_table() -> None:
    var = pd.DataFrame({"feature_name": ["MINE", "CD4"]}, index=["ENSG00000141510.18", "ENSG00000010610"])
    assert symbols_of(list(var.index), var) == ["MINE", "CD4"]
    assert symbols_of(list(var.index)) == ["TP53", "CD4"]


@pytest.mark.parametrize("column", ["gene_symbols", "Gene Symbol", "gene_name", "SYMBOL", "Feature_Name"])
def test_columns_of_symbols_whatever_they_are_called(column: str) -> None:
    var = pd.DataFrame({column: ["TP53", "CD4"]}, index=["0", "1"])
    assert symbols_of(["0", "1"], var) == ["TP53", "CD4"]


def test_mixed_ids_and_symbols() -> None:
    names = ["ENSG00000141510.18", "CD4", "ENSMUSG00000023274", "HLA.A", "ENSG99999999999.3"]
    assert symbols_of(names) == ["TP53", "CD4", "Cd4", "HLA-A", "ENSG99999999999"]
    assert ids_of(names) == ["ENSG00000141510", "", "ENSMUSG00000023274", "", "ENSG99999999999"]


def test_missing_symbols_in_var_fall_back_to_the_table() -> None:
    var = pd.DataFrame({"gene_name": ["TP53", None, "CD8A"]}, index=[*list(KNOWN)[:2], "ENSG00000153563"])
    assert symbols_of(list(var.index), var) == ["TP53", "CD4", "CD8A"]


def test_sums_are_those_of_pandas(rng: np.random.Generator) -> None:
    names = ["b", "a", "b", "c", "a", "b"]
    dense = rng.poisson(1, (20, 6)).astype(np.float32)
    summed, unique = sum_duplicates(sp.csr_matrix(dense), names)
    expected = pd.DataFrame(dense, columns=names).T.groupby(level=0, sort=False).sum().T
    assert unique == list(expected.columns)
    np.testing.assert_array_equal(summed.toarray(), expected.to_numpy())


def test_normalize_gene_names_keeps_the_old_names() -> None:
    adata = ad.AnnData(np.ones((2, 3), np.float32), var=pd.DataFrame(index=["ENSG00000141510.18", "CD4", "HLA.A"]))
    named = normalize_gene_names(adata)
    assert named is adata
    assert list(named.var_names) == ["TP53", "CD4", "HLA-A"]
    assert list(named.var["original_name"]) == ["ENSG00000141510.18", "CD4", "HLA.A"]


def test_normalize_gene_names_leaves_the_original_alone_when_asked() -> None:
    adata = ad.AnnData(np.ones((2, 1), np.float32), var=pd.DataFrame(index=["ENSG00000141510"]))
    assert list(normalize_gene_names(adata, copy=True).var_names) == ["TP53"]
    assert list(adata.var_names) == ["ENSG00000141510"]


def test_features_of_one_gene_are_summed_before_anything_else() -> None:
    var = pd.DataFrame(index=["ENSG00000141510", "CD4", "ENSG00000141510.18"])
    adata = ad.AnnData(np.array([[1, 2, 3], [0, 0, 4]], np.float32), var=var, layers={"counts": np.ones((2, 3))})
    summed = normalize_gene_names(adata)
    assert list(summed.var_names) == ["TP53", "CD4"]
    np.testing.assert_array_equal(summed.X.toarray(), [[4, 2], [4, 0]])
    np.testing.assert_array_equal(summed.layers["counts"].toarray(), [[2, 1], [2, 1]])


def test_logarithms_of_one_gene_are_not_summed() -> None:
    adata = ad.AnnData(np.array([[0.5, 1.2], [0.7, 2.3]], np.float32), var=pd.DataFrame(index=["HLA.A", "HLA-A"]))
    with pytest.raises(InputError, match="same symbol"):
        normalize_gene_names(adata)


def test_a_gene_is_found_by_name_by_id_and_under_a_former_name() -> None:
    names, ids = ["TP53", "WHATEVER", "CD8A", "CD8A"], ["", "ENSG00000010610", "", ""]
    found = shared_positions(["CD4", "TP53", "CD8A", "NOGENE"], names, ids)
    assert [at.tolist() for at in found] == [[1], [0], [2, 3], []]
    assert [at.tolist() for at in shared_positions(["BLTP2"], ["KIAA0100"], [""])] == [[0]]
    assert [at.tolist() for at in shared_positions(["KIAA0100"], ["BLTP2"], [""])] == [[0]]


def test_a_symbol_that_no_gene_bears_any_more_becomes_todays_by_its_id() -> None:
    var = pd.DataFrame({"gene_ids": ["ENSG00000065427", "ENSG00000010610"]}, index=["KARS", "CD4"])
    assert symbols_of(list(var.index), var) == ["KARS1", "CD4"]
    assert symbols_of(list(var.index)) == ["KARS", "CD4"]


def test_former_symbols_of_the_mouse() -> None:
    assert [at.tolist() for at in shared_positions(["Lor", "Fam3d"], ["Oit1", "Loricrin"], ["", ""])] == [[1], [0]]


def test_panel_genes_without_controls_and_other_features() -> None:
    var = pd.DataFrame(index=["CD3E", "ENSG00000010610.10", *CONTROLS, "CD3E_ENSG00000198851"])
    panel = ad.AnnData(np.ones((1, len(var)), np.float32), var=var)
    assert get_panel_genes(panel) == ["CD3E", "CD4"]
    assert panel.n_vars == len(var)
    var["feature_types"] = ["Gene Expression", "Protein Expression", *["Negative Control Probe"] * (len(var) - 2)]
    assert get_panel_genes(ad.AnnData(np.ones((1, len(var)), np.float32), var=var)) == ["CD3E"]


def test_a_panel_of_controls_only_is_an_error() -> None:
    with pytest.raises(InputError, match="no gene among 2 features"):
        get_panel_genes(ad.AnnData(np.ones((1, 2), np.float32), var=pd.DataFrame(index=["BLANK_1", "Negative2"])))
