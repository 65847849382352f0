"""Pairs of reference and query with fine types and Cell Ontology ids, and the rule for correct calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import anndata
import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from benchmarks.data.open_pairs import open_lung
from spatialcore import columns
from spatialcore.annotation.ontology.mapping import add_ontology_ids
from spatialcore.annotation.ontology.relations import distance, is_a
from spatialcore.annotation.training.platform.simulate import thin_to_depths
from spatialcore.core.counts import recover_counts
from spatialcore.core.normalization import log1p_normalize

STEPS = 2
BLOOD = {
    "T_CD4": "CL:0000624",
    "T_CD8": "CL:0000625",
    "Mono_CD14": "CL:0001054",
    "Mono_CD16": "CL:0002397",
    "B": "CL:0000236",
    "NK": "CL:0000623",
    "DC": "CL:0000451",
    "MK": "CL:0000556",
    "HSC": "CL:0000037",
}
# The curators of PBMC 68k assigned each cell to the most similar of eleven sorted populations, without CD16+ monocytes:
# their label CD14+ means any monocyte (benchmarks.blood_labels).
COARSER = {"Monocyte": "CL:0000576"}
PBMC68K = {
    "CD14+ Monocyte": "Monocyte",
    "CD19+ B": "B",
    "CD34+": "HSC",
    "CD4+/CD25 T Reg": "T_CD4",
    "CD4+/CD45RA+/CD25- Naive T": "T_CD4",
    "CD4+/CD45RO+ Memory": "T_CD4",
    "CD56+ NK": "NK",
    "CD8+ Cytotoxic T": "T_CD8",
    "CD8+/CD45RA+ Naive Cytotoxic": "T_CD8",
    "Dendritic": "DC",
}


@dataclass(frozen=True)
class Fine:
    """A reference with Cell Ontology ids, and a query with true ids, which are empty for types without a term."""

    name: str
    reference: AnnData
    query: AnnData
    truth: npt.NDArray[np.str_]


def fine_pairs(data: Path) -> Iterator[Fine]:
    """Return the pairs: blood at its depth and thinned, across studies and assays; the simulated lung."""
    blood = anndata.read_h5ad(data / "pbmc_symphony_3assay.h5ad")
    other = anndata.read_h5ad(data / "pbmc68k_reduced.h5ad")
    other.obs["cell_type"] = other.obs["cell_type"].astype(str).map(PBMC68K)
    five = (blood.obs["donor"] == "5p").to_numpy()
    for depth in (None, 100.0, 50.0):
        yield _fine("PBMC > PBMC 68k", blood, other, depth)
        yield _fine("PBMC 3' > 5'", blood[~five], blood[five], depth)
    for depth in (150.0, 60.0):
        pair = open_lung(data, depth=depth)
        ids = _lung_ids(np.unique(pair.labels))
        reference, query = pair.reference_data(), pair.query_data()
        reference.obs[columns.ONTOLOGY_ID] = [ids[label] for label in pair.labels]
        yield Fine(f"lung > CosMx 960, {depth:.0f} counts", reference, query, np.array([ids[t] for t in pair.truth]))


def _fine(name: str, labelled: AnnData, spatial: AnnData, depth: float | None) -> Fine:
    shared = [gene for gene in spatial.var_names if gene in set(labelled.var_names)]
    labelled, spatial = labelled[:, shared], spatial[:, shared]
    counts, query = recover_counts(labelled.X)[0], recover_counts(spatial.X)[0]
    if depth is not None:
        query = thin_to_depths(query, np.array([depth]), np.random.default_rng(0))
        name = f"{name}, {depth:.0f} counts"
    labels = labelled.obs["cell_type"].astype(str)
    obs = pd.DataFrame({columns.UNIFIED_CELL_TYPE: labels, columns.ONTOLOGY_ID: labels.map(BLOOD)})
    reference = AnnData(log1p_normalize(counts, 1e4), obs, pd.DataFrame(index=shared))
    reference.layers[columns.COUNTS] = counts
    truth = spatial.obs["cell_type"].astype(str).map(BLOOD | COARSER).to_numpy(dtype=str)
    return Fine(name, reference, AnnData(query, obs=spatial.obs[[]].copy(), var=reference.var.copy()), truth)


def _lung_ids(labels: npt.NDArray[np.str_]) -> dict[str, str]:
    shell = AnnData(obs=pd.DataFrame({"label": labels}, index=[str(i) for i in range(len(labels))]))
    table = add_ontology_ids(shell, source_col="label", tissue="lung")[2].table
    return dict(zip(table["input_label"], table["id"].fillna(""), strict=True))


@cache
def is_right(call: str, truth: str) -> bool:
    """Return whether the call is the true term or above it, or below a truth coarser than the model's classes."""
    return bool(call) and bool(truth) and (is_a(truth, call) or (truth in COARSER.values() and is_a(call, truth)))


@cache
def is_near(call: str, truth: str) -> bool:
    """Return whether a call is correct and within two steps of the true term."""
    return is_right(call, truth) and distance(call, truth) <= STEPS


def all_right(calls: npt.ArrayLike, truth: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return for each cell whether its call is correct."""
    pairs = zip(np.asarray(calls).tolist(), np.asarray(truth).tolist(), strict=True)
    return np.array([is_right(call, term) for call, term in pairs], dtype=bool)
