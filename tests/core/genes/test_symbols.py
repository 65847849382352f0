"""Gene names: ids, versions, former symbols, controls, several features of one gene."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import get_panel_genes
from spatialcore.core.genes.symbols import (
    canonical_symbol,
    ids_of,
    shared_positions,
    symbols_of,
)
from spatialcore.core.genes.tables import known_names
from spatialcore.errors import InputError
from tests.core.genes.controls import CONTROLS

KNOWN = {
    "ENSG00000141510": "TP53",
    "ENSG00000010610": "CD4",
    "ENSG00000206503": "HLA-A",
    "ENSMUSG00000023274": "Cd4",
    "ENSMUSG00000059552": "Trp53",
}


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
def test_names_changed_by_r_and_cellxgene(name: str, symbol: str) -> None:
    assert canonical_symbol(name) == symbol


def test_symbols_come_from_var_before_the_table() -> None:
    var = pd.DataFrame({"feature_name": ["MINE", "CD4"]}, index=["ENSG00000141510.18", "ENSG00000010610"])
    assert symbols_of(list(var.index), var) == ["MINE", "CD4"]
    assert symbols_of(list(var.index)) == ["TP53", "CD4"]


@pytest.mark.parametrize("column", ["gene_symbols", "Gene Symbol", "gene_name", "SYMBOL", "Feature_Name"])
def test_names_of_symbol_columns(column: str) -> None:
    var = pd.DataFrame({column: ["TP53", "CD4"]}, index=["0", "1"])
    assert symbols_of(["0", "1"], var) == ["TP53", "CD4"]


def test_mixed_ids_and_symbols() -> None:
    names = ["ENSG00000141510.18", "CD4", "ENSMUSG00000023274", "HLA.A", "ENSG99999999999.3"]
    assert symbols_of(names) == ["TP53", "CD4", "Cd4", "HLA-A", "ENSG99999999999"]
    assert ids_of(names) == ["ENSG00000141510", "", "ENSMUSG00000023274", "", "ENSG99999999999"]


def test_missing_symbols_in_var_fall_back_to_the_table() -> None:
    var = pd.DataFrame({"gene_name": ["TP53", None, "CD8A"]}, index=[*list(KNOWN)[:2], "ENSG00000153563"])
    assert symbols_of(list(var.index), var) == ["TP53", "CD4", "CD8A"]


def test_shared_positions_by_name_id_and_former_name() -> None:
    names, ids = ["TP53", "WHATEVER", "CD8A", "CD8A"], ["", "ENSG00000010610", "", ""]
    positions = shared_positions(["CD4", "TP53", "CD8A", "NOGENE"], names, ids)
    assert [at.tolist() for at in positions] == [[1], [0], [2, 3], []]
    assert [at.tolist() for at in shared_positions(["BLTP2"], ["KIAA0100"], [""])] == [[0]]
    assert [at.tolist() for at in shared_positions(["KIAA0100"], ["BLTP2"], [""])] == [[0]]


def test_retired_symbol_is_replaced_by_its_id() -> None:
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


def test_panel_of_controls_only() -> None:
    with pytest.raises(InputError, match="no gene among 2 features"):
        get_panel_genes(ad.AnnData(np.ones((1, 2), np.float32), var=pd.DataFrame(index=["BLANK_1", "Negative2"])))


def test_codes_that_equal_some_symbols_by_chance() -> None:
    genes = ["CD3D", "CD3E", "CD4", "MS4A1", "CD79A", "LYZ", "NKG7", "GNLY", "EPCAM", "VWF"] * 6
    var = pd.DataFrame({"gene_short_name": genes}, index=[f"G{i}" for i in range(60)])
    assert {"G2", "G13", "G17", "G18"} <= known_names()
    assert symbols_of(list(var.index), var) == genes
    assert symbols_of(genes, pd.DataFrame({"symbol": list(var.index)}, index=genes)) == genes
