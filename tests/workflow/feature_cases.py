"""More than one modality, and names of genes."""

from collections.abc import Sequence
from pathlib import Path

import anndata as ad
import numpy as np

from tests.workflow.cases import (
    RNG,
    Case,
    N,
    case,
    query_file,
    reference_file,
    renamed,
    with_query,
    with_reference,
)
from tests.workflow.tissue import GENES, query, reference, with_features

# --- more than one modality


def _proteins(adata: ad.AnnData, n: int = 12) -> np.ndarray:
    return np.random.default_rng(3).gamma(2, 40, (adata.n_obs, n))


@case
def query_with_proteins_named_as_genes(folder: Path) -> Case:
    adata = query()
    wide = with_features(adata, GENES[:12], _proteins(adata), feature_types=("Gene Expression", "Antibody Capture"))
    return with_query(folder, wide)


@case
def query_with_proteins_before_genes(folder: Path) -> Case:
    adata = query()
    wide = with_features(adata, GENES[:12], _proteins(adata), feature_types=("Gene Expression", "Protein Expression"))
    reordered = wide[:, [*range(N, N + 12), *range(N)]].copy()
    reordered.var_names_make_unique()
    reordered.var["gene_symbols"] = [*GENES[:12], *GENES]
    return with_query(folder, reordered)


@case
def query_with_negative_proteins(folder: Path) -> Case:
    adata = query()
    wide = with_features(adata, [f"P{i}" for i in range(12)], _proteins(adata) - 80, feature_type=("gene", "protein"))
    return with_query(folder, wide)


@case
def query_with_proteins_recognised_by_name(folder: Path) -> Case:
    adata = query()
    return with_query(folder, with_features(adata, [f"{g}_TotalSeqB" for g in GENES[:12]], _proteins(adata)))


@case
def query_with_only_proteins(folder: Path) -> Case:
    adata = query()
    adata.var["feature_types"] = "Antibody Capture"
    return with_query(folder, adata, "no feature of X has the name of a gene")


@case
def reference_with_proteins(folder: Path) -> Case:
    adata = reference()
    wide = with_features(adata, GENES[:12], 1000 * _proteins(adata), modality=("rna", "prot"))
    return with_reference(folder, wide)


@case
def reference_with_some_names_only_of_proteins(folder: Path) -> Case:
    adata = reference()
    subset = adata[:, adata.var_names[10:]].copy()
    wide = with_features(
        subset, GENES[:10], 1000 * _proteins(adata, 10), feature_types=("Gene Expression", "Antibody Capture")
    )
    return with_reference(folder, wide, N - 10)


# --- names of genes

RENAMED = {"CD19": "B4", "KLRD1": "CD94", "TACSTD2": "TROP2", "CD4": "CD4 "}


def _with_controls(folder: Path, kinds: Sequence[str], pattern: str) -> Case:
    adata = query()
    names = [pattern.format(kind, number) for kind in kinds for number in range(60)]
    return with_query(folder, with_features(adata, names, RNG.poisson(0.02, (adata.n_obs, len(names)))))


@case
def query_with_controls_named_by_seurat(folder: Path) -> Case:
    kinds = ("UnassignedCodeword", "DeprecatedCodeword", "BLANK", "NegControlProbe")
    return _with_controls(folder, kinds, "{}-{:04d}")


@case
def query_with_controls_named_by_r(folder: Path) -> Case:
    kinds = ("Genomic.Control", "Negative.Control.Codeword", "Blank", "SystemControl")
    return _with_controls(folder, kinds, "{}.{}")


def _with_merged_probes(folder: Path, names: dict[str, str]) -> Case:
    adata = query()[:, [g for g in GENES if g not in ("TPSB2", "XCL2", "HSPA1B")]].copy()
    return with_query(folder, renamed(adata, names), N - 3)


@case
def query_with_merged_probes(folder: Path) -> Case:
    return _with_merged_probes(folder, {"TPSAB1": "TPSAB1/B2", "XCL1": "XCL1/2", "HSPA1A": "HSPA1A/B"})


@case
def query_with_merged_probes_named_by_r(folder: Path) -> Case:
    names = {"TPSAB1": "TPSAB1.B2", "XCL1": "XCL1.2", "HSPA1A": "HSPA1A-B", "HLA-A": "HLA.A"}
    return _with_merged_probes(folder, names)


@case
def query_with_lower_case_genes(folder: Path) -> Case:
    return with_query(folder, renamed(query(), {g: g.lower() for g in GENES}))


@case
def query_with_spaces_around_names(folder: Path) -> Case:
    return with_query(folder, renamed(query(), {g: f" {g} " for g in GENES}))


@case
def query_with_former_symbols(folder: Path) -> Case:
    former = {"CD74": "CTGF", "VIM": "SEPT6", "B2M": "TMEM173"}
    current = {"CD74": "CCN2", "VIM": "SEPTIN6", "B2M": "STING1"}
    return (
        query_file(folder, renamed(query(), former)),
        reference_file(folder, renamed(reference(), current)),
        N,
    )


@case
def query_with_dates(folder: Path) -> Case:
    sample = renamed(query(), {"CD74": "6-Sep", "VIM": "Mar-03", "B2M": "2024-09-07"})
    single = renamed(reference(), {"CD74": "SEPTIN6", "VIM": "MARCHF3", "B2M": "SEPTIN7"})
    return query_file(folder, sample), reference_file(folder, single), N


@case
def query_with_an_ambiguous_date(folder: Path) -> Case:
    single = renamed(reference(), {"CD74": "MARCHF1", "VIM": "MTARC1"})
    return query_file(folder, renamed(query(), {"CD74": "1-Mar", "VIM": "CD16"})), reference_file(folder, single), N - 2


@case
def query_with_empty_and_duplicate_names(folder: Path) -> Case:
    adata = query()
    wide = with_features(adata, ["", "nan", "CD4", "CD79A-1"], np.ones((adata.n_obs, 4)))
    return with_query(folder, wide)


@case
def query_with_numbers_as_gene_names(folder: Path) -> Case:
    return with_query(folder, renamed(query(), {g: str(i) for i, g in enumerate(GENES)}), "no feature of X")


@case
def query_with_an_identifier_among_its_genes(folder: Path) -> Case:
    adata = query()
    wide = with_features(adata, ["EntityID"], 1.1e18 + np.arange(adata.n_obs)[:, None])
    return with_query(folder, wide, "EntityID")
