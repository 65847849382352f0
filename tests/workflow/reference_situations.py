"""Labels that mean nothing, and gene sets that overlap little."""

from pathlib import Path

import anndata as ad
import numpy as np

from tests.workflow.situations import (
    RNG,
    Case,
    query_file,
    reference_file,
    renamed,
    situation,
    with_query,
    with_reference,
)
from tests.workflow.tissue import GENES, TYPES, beside, query, reference

# --- labels


def _labelled(values: list[str], n: int = 7, column: str = "cell_type") -> ad.AnnData:
    adata = reference()
    labels = adata.obs["cell_type"].astype(str).to_numpy().astype(object)
    for i, value in enumerate(values):
        labels[i * n : (i + 1) * n] = value
    adata.obs[column] = labels
    return adata


@situation
def reference_with_missing_types_as_text(folder: Path) -> Case:
    return with_reference(folder, _labelled(["nan", "<NA>", "None"]))


@situation
def reference_with_leftovers(folder: Path) -> Case:
    return with_reference(folder, _labelled(["Other", "Mixed", "Low Quality"]))


@situation
def reference_with_doublets_and_numbers(folder: Path) -> Case:
    return with_reference(folder, _labelled(["Doublets", "cluster 3", "12"]))


@situation
def reference_labelled_by_numbers_alone(folder: Path) -> Case:
    adata = reference()
    adata.obs["cell_type"] = adata.obs["cell_type"].cat.codes.astype(str)
    return with_reference(folder, adata, "no labelled cell|no type")


# --- classes without counts on the panel, and counts of fewer genes in raw.X


def _without_counts(types: list[str], *, empty: int) -> ad.AnnData:
    """Return cells of some types, of which the first have counts on genes besides the panel's alone."""
    adata = reference()
    adata = adata[adata.obs["cell_type"].isin(types)].copy()
    values = adata.X.toarray()
    values[np.ix_(adata.obs["cell_type"].isin(types[:empty]), adata.var_names.isin(GENES))] = 0
    adata.X = values
    return adata


@situation
def reference_of_two_types_of_which_one_has_no_counts(folder: Path) -> Case:
    return with_reference(folder, _without_counts(TYPES[:2], empty=1), r"without counts on the genes: 1 of 2 \(B cell")


@situation
def reference_of_four_types_of_which_three_have_no_counts(folder: Path) -> Case:
    return with_reference(folder, _without_counts(TYPES[:4], empty=3), "without counts on the genes: 3 of 4")


@situation
def reference_of_two_types_with_one_curated_id(folder: Path) -> Case:
    adata = _without_counts(TYPES[:2], empty=0)
    adata.obs["cell_type_ontology_term_id"] = "CL:0000236"
    return with_reference(folder, adata, "only one cell type is left: 'B cell'")


def _with_fewer_genes_in_raw(adata: ad.AnnData) -> ad.AnnData:
    adata.raw = adata[:, adata.var_names.isin(GENES[::4])].copy()
    return adata


@situation
def reference_with_counts_of_fewer_genes_in_raw(folder: Path) -> Case:
    return with_reference(folder, _with_fewer_genes_in_raw(reference()))


@situation
def query_with_counts_of_fewer_genes_in_raw(folder: Path) -> Case:
    return with_query(folder, _with_fewer_genes_in_raw(query()))


# --- gene overlap


@situation
def panel_of_33_genes_of_which_16_are_shared(folder: Path) -> Case:
    typed = [*GENES[0:4], *GENES[10:14], *GENES[20:24], *GENES[30:34]]
    other_genes = [g for g in GENES if g not in typed][:17]
    genes = [*typed, *other_genes]
    single = reference()
    return (
        query_file(folder, query()[:, genes].copy()),
        reference_file(folder, single[:, [g for g in single.var_names if g not in other_genes]].copy()),
        16,
    )


@situation
def small_reference_for_a_large_panel(folder: Path) -> Case:
    adata = query()
    names = [f"LINC{i:05d}" for i in range(3000, 3400)]
    return with_query(folder, beside(adata, names, RNG.poisson(0.1, (adata.n_obs, 400))))


@situation
def panel_that_shares_nine_genes(folder: Path) -> Case:
    adata = query()
    return with_query(folder, renamed(adata, {g: f"NOVEL{i}X" for i, g in enumerate(GENES[9:])}), "9 of")
