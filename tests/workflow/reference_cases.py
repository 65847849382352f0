"""Uninformative labels, and small overlaps of gene sets."""

from pathlib import Path

import anndata as ad
import numpy as np

from tests.workflow.cases import (
    RNG,
    Case,
    case,
    query_file,
    reference_file,
    renamed,
    with_query,
    with_reference,
)
from tests.workflow.tissue import GENES, TYPES, query, reference, with_features

# --- labels


def _labelled(values: list[str], n: int = 7, column: str = "cell_type") -> ad.AnnData:
    adata = reference()
    labels = adata.obs["cell_type"].astype(str).to_numpy().astype(object)
    for i, value in enumerate(values):
        labels[i * n : (i + 1) * n] = value
    adata.obs[column] = labels
    return adata


@case
def reference_with_missing_types_as_text(folder: Path) -> Case:
    return with_reference(folder, _labelled(["nan", "<NA>", "None"]))


@case
def reference_with_residual_labels(folder: Path) -> Case:
    return with_reference(folder, _labelled(["Other", "Mixed", "Low Quality"]))


@case
def reference_with_doublets_and_numbers(folder: Path) -> Case:
    return with_reference(folder, _labelled(["Doublets", "cluster 3", "12"]))


@case
def reference_labelled_with_numbers(folder: Path) -> Case:
    adata = reference()
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.codes.astype(str)
    return with_reference(folder, adata, "no labelled cell|no type")


# --- classes without counts on the panel, and counts of fewer genes in raw.X


def _without_counts(types: list[str], *, empty: int) -> ad.AnnData:
    """Return cells of some types, the first of which have no counts on genes of the panel."""
    adata = reference()
    adata = adata[adata.obs["cell_type"].isin(types)].copy()
    values = adata.X.toarray()
    values[np.ix_(adata.obs["cell_type"].isin(types[:empty]), adata.var_names.isin(GENES))] = 0
    adata.X = values
    return adata


@case
def reference_of_two_types_with_one_without_counts(folder: Path) -> Case:
    return with_reference(folder, _without_counts(TYPES[:2], empty=1), r"without counts on the genes: 1 of 2 \(B cell")


@case
def reference_of_four_types_with_three_without_counts(folder: Path) -> Case:
    return with_reference(folder, _without_counts(TYPES[:4], empty=3), "without counts on the genes: 3 of 4")


@case
def reference_of_two_types_with_one_curated_id(folder: Path) -> Case:
    adata = _without_counts(TYPES[:2], empty=0)
    adata.obs["cell_type_ontology_term_id"] = "CL:0000236"
    return with_reference(folder, adata, "only one cell type is left: 'B cell'")


def _with_fewer_genes_in_raw(adata: ad.AnnData) -> ad.AnnData:
    adata.raw = adata[:, adata.var_names.isin(GENES[::4])].copy()
    return adata


@case
def reference_with_counts_of_fewer_genes_in_raw(folder: Path) -> Case:
    return with_reference(folder, _with_fewer_genes_in_raw(reference()))


@case
def query_with_counts_of_fewer_genes_in_raw(folder: Path) -> Case:
    return with_query(folder, _with_fewer_genes_in_raw(query()))


# --- gene overlap


@case
def panel_of_33_genes_with_16_shared(folder: Path) -> Case:
    markers = [*GENES[0:4], *GENES[10:14], *GENES[20:24], *GENES[30:34]]
    other_genes = [g for g in GENES if g not in markers][:17]
    genes = [*markers, *other_genes]
    single = reference()
    return (
        query_file(folder, query()[:, genes].copy()),
        reference_file(folder, single[:, [g for g in single.var_names if g not in other_genes]].copy()),
        16,
    )


@case
def small_reference_for_a_large_panel(folder: Path) -> Case:
    adata = query()
    names = [f"LINC{i:05d}" for i in range(3000, 3400)]
    return with_query(folder, with_features(adata, names, RNG.poisson(0.1, (adata.n_obs, 400))))


@case
def panel_with_nine_shared_genes(folder: Path) -> Case:
    adata = query()
    return with_query(folder, renamed(adata, {g: f"NOVEL{i}X" for i, g in enumerate(GENES[9:])}), "9 of")


@case
def reference_with_barcodes_as_labels(folder: Path) -> Case:
    adata = ad.concat([reference()] * 3, index_unique="-")
    adata.obs["cell_type"] = adata.obs_names.astype(str)
    return with_reference(folder, adata, "type")


@case
def reference_with_counts_in_another_layer_alone(folder: Path) -> Case:
    adata = reference()
    adata.layers["umi"], adata.X = adata.X, None
    return with_reference(folder, adata, "has no X, and no counts elsewhere")
