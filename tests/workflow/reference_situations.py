"""Labels that mean nothing, and gene sets that overlap little."""

from pathlib import Path

import anndata as ad

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
from tests.workflow.tissue import GENES, beside, query, reference

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
