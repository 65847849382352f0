"""Accuracy of ``resolution="auto"`` for fine types: forced calls against calls of common ancestors.

    python -m benchmarks.resolution --data ../shared/data

A call is correct if it is the true type or an ancestor of it within two is_a steps. ``forced`` gives every cell its
best class; ``auto`` may give a cell the lowest common ancestor of two classes that are confused on held-out cells.
"""

import argparse
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anndata
import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData

from benchmarks.accuracy_pairs import open_lung
from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.ontology.hierarchy import ancestors, distance
from spatialcore.annotation.ontology.mapping import add_ontology_ids
from spatialcore.annotation.training.platform import thin_to_depths
from spatialcore.annotation.training.train import train_celltypist_model
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
PBMC68K = {
    "CD14+ Monocyte": "Mono_CD14",
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
    """A reference with Cell Ontology ids and a query with true ids."""

    name: str
    reference: AnnData
    query: AnnData
    truth: npt.NDArray[np.str_]


def fine_pairs(data: Path) -> Iterator[Fine]:
    """Yield the pairs: blood at full depth and thinned, across studies and assays; the simulated lung."""
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


def _fine(name: str, known: AnnData, seen: AnnData, depth: float | None) -> Fine:
    shared = [gene for gene in seen.var_names if gene in set(known.var_names)]
    known, seen = known[:, shared], seen[:, shared]
    counts, query = recover_counts(known.X)[0], recover_counts(seen.X)[0]
    if depth is not None:
        query = thin_to_depths(query, np.array([depth]), np.random.default_rng(0))
        name = f"{name}, {depth:.0f} counts"
    labels = known.obs["cell_type"].astype(str)
    obs = pd.DataFrame({columns.UNIFIED_CELL_TYPE: labels, columns.ONTOLOGY_ID: labels.map(BLOOD)})
    reference = AnnData(log1p_normalize(counts, 1e4), obs, pd.DataFrame(index=shared))
    reference.layers[columns.COUNTS] = counts
    truth = seen.obs["cell_type"].astype(str).map(BLOOD).to_numpy(dtype=str)
    return Fine(name, reference, AnnData(query, obs=seen.obs[[]].copy(), var=reference.var.copy()), truth)


def _lung_ids(labels: npt.NDArray[np.str_]) -> dict[str, str]:
    shell = AnnData(obs=pd.DataFrame({"label": labels}, index=[str(i) for i in range(len(labels))]))
    table = add_ontology_ids(shell, source_col="label", tissue="lung")[2].table
    return dict(zip(table["input_label"], table["id"].fillna(""), strict=True))


def is_right(call: str, truth: str) -> bool:
    """Return whether a call is the true term or an ancestor of it within two steps."""
    return call == truth or (call in ancestors(truth) and distance(truth, call) <= STEPS)


def measure(fine: Fine) -> dict[str, float]:
    """Return the share of correct calls, forced and rolled back, and of the rolled-back calls alone.

    Cells whose true type has no Cell Ontology term are excluded.
    """
    known = fine.truth != ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        train_celltypist_model(fine.reference, output_path=path, trainer="logistic", query=fine.query)
        found = {}
        for resolution in ("class", "auto"):
            called = annotate_celltypist(
                fine.query,
                custom_model_path=path,
                min_confidence=0,
                confidence_transform="calibrated",
                resolution=resolution,
                copy=True,
            )
            found[resolution] = called.obs[columns.ONTOLOGY_ID].astype(str).to_numpy()[known]
    right = {
        name: np.array([is_right(a, b) for a, b in zip(calls, fine.truth[known], strict=True)])
        for name, calls in found.items()
    }
    moved = found["auto"] != found["class"]
    return {
        "forced": right["class"].mean(),
        "auto": right["auto"].mean(),
        "rolled_back": moved.mean(),
        "of_these_right_when_forced": right["class"][moved].mean() if moved.any() else np.nan,
        "of_these_right_now": right["auto"][moved].mean() if moved.any() else np.nan,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = {fine.name: measure(fine) for fine in fine_pairs(options.data)}
    table = pd.DataFrame(rows).T
    table.loc["**mean**"] = table.mean()
    print("| pair | " + " | ".join(str(name).replace("_", " ") for name in table) + " |")
    print("|---" * (len(table.columns) + 1) + "|")
    for name, row in table.iterrows():
        print(f"| {name} | " + " | ".join("-" if pd.isna(value) else f"{value:.3f}" for value in row) + " |")


if __name__ == "__main__":
    main()
