"""Which features are genes, based on types and names."""

import numpy as np
import pandas as pd
import pytest

from spatialcore.core.genes.features import gene_columns, gene_names, of_gene_type


def frame(names: list[str], **columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=names)


@pytest.mark.parametrize(
    ("column", "gene", "other"),
    [
        ("feature_types", "Gene Expression", "Antibody Capture"),
        ("feature_types", "Gene Expression", "Protein Expression"),
        ("feature_type", "gene", "protein"),
        ("modality", "rna", "prot"),
        ("feature_types", "Gene Expression", "Multiplexing Capture"),
        ("feature_types", "Gene Expression", "CRISPR Guide Capture"),
        ("feature_types", "", "Antibody Capture"),
        ("feature_types", "Gene Expression", "Peaks"),
        ("feature_types", "GENE_EXPRESSION", "PROTEIN_EXPRESSION"),
        ("Type", "Gene Expression", "Antibody Capture"),
        ("library", "RNA", "ADT"),
    ],
)
def test_a_protein_never_has_the_name_of_a_gene(column: str, gene: str, other: str) -> None:
    var = frame(["CD4", "CD8A", "CD4"], **{column: [gene, gene, other]})
    assert of_gene_type(var).tolist() == [True, True, False]
    assert gene_names(var)[0] == ["CD4", "CD8A", ""]
    np.testing.assert_array_equal(gene_columns(var), [0, 1])


def test_types_of_genes_are_not_modalities() -> None:
    var = frame(["CD4", "MALAT1"], feature_type=["protein_coding", "lncRNA"])
    assert gene_columns(var) is None
    assert gene_names(var)[0] == ["CD4", "MALAT1"]


@pytest.mark.parametrize(
    "name",
    [
        *("CD4_TotalSeqB", "adt_CD4", "CD4-ADT", "prot_CD4", "Hashtag3", "HTO_1", "IgG1.isotype"),
        *("CD4:SK3|CD4|AHS0032|pAbO", "chr1:10109-10357", "chrX-100-200"),
    ],
)
def test_proteins_and_tags_are_recognised_by_name(name: str) -> None:
    assert gene_names(frame(["CD8A", name]))[0] == ["CD8A", ""]


@pytest.mark.parametrize("name", ["", "nan", "12", "BLANK-3", "NegControlProbe.00042", "Deprecated.Codeword.7"])
def test_other_features_have_no_symbol(name: str) -> None:
    assert gene_names(frame(["CD8A", name])) == (["CD8A", ""], ["", ""])


def test_a_gene_renamed_because_of_a_protein_is_recognised() -> None:
    var = frame(["CD4", "CD8A", "CD4-1"], feature_types=["Antibody Capture", "Gene Expression", "Gene Expression"])
    assert gene_names(var)[0] == ["", "CD8A", "CD4"]


def test_other_columns_are_not_feature_types() -> None:
    var = frame(["CD4", "CD8A"], strand=["+", "-"], set=["gene", "marker"])
    assert of_gene_type(var).all()


@pytest.mark.parametrize("names", [["probe_1", "probe_2"], ["0", "1"], ["GP:1", "GP:2"]])
@pytest.mark.parametrize("column", ["SYMBOL", "Gene Symbol", "Target", "x"])
def test_features_without_gene_names_get_symbols_from_any_column(names: list[str], column: str) -> None:
    var = frame(names, chromosome=["12", "2"], **{column: ["CD4", "CD8A"]})
    assert gene_names(var)[0] == ["CD4", "CD8A"]


def test_ids_of_a_column_of_any_name() -> None:
    var = frame(["probe_1", "probe_2"], accession=["ENSG00000010610.10", "ENSG00000153563"])
    assert gene_names(var) == (["CD4", "CD8A"], ["ENSG00000010610", "ENSG00000153563"])


def test_known_names_are_not_replaced_with_a_column() -> None:
    assert gene_names(frame(["CD4", "MINE"], neighbour=["CD8A", "CD19"]))[0] == ["CD4", "MINE"]


@pytest.mark.parametrize("column", ["_index", "features", "gene_short_name", "Gene.Symbol", "hgnc_symbol"])
def test_numbered_features_get_names_from_a_column(column: str) -> None:
    assert gene_names(frame(["0", "1"], **{column: ["CD4", "CD8A"]}))[0] == ["CD4", "CD8A"]


@pytest.mark.parametrize("missing", [None, np.nan, "", "nan", "<NA>", pd.NA])
def test_features_without_a_type_are_genes_unless_recognised_by_name(missing: object) -> None:
    names = ["CD4", "CD8A", "CD3E", "NegControlProbe_00042", "CD4_TotalSeqB"]
    types = ["Gene Expression", missing, "Gene Expression", missing, "Antibody Capture"]
    symbols, _ = gene_names(pd.DataFrame({"feature_types": types}, index=names))
    assert symbols == ["CD4", "CD8A", "CD3E", "", ""]
