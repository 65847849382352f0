"""Small annotated tissues with simulated types."""

import json

import anndata as ad
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from spatialcore import columns

TYPES = ("B cell", "T cell", "fibroblast")
MARKERS = {
    "B cell": ["MS4A1", "CD79A", "CD19"],
    "T cell": ["CD3D", "CD3E", "TRAC"],
    "fibroblast": ["COL1A1", "DCN", "LUM"],
}
BACKGROUND = [f"GENE{i}" for i in range(21)]


def make_tissue(sizes=(200, 150, 60), *, seed=0, types=TYPES, markers=MARKERS):
    """Return cells whose types express their markers, with calls, confidence and coordinates."""
    rng = np.random.default_rng(seed)
    genes = [gene for members in markers.values() for gene in members] + BACKGROUND
    labels = np.repeat(np.array(types), sizes)
    rates = np.full((labels.size, len(genes)), 0.3)
    for name, members in markers.items():
        rates[np.ix_(labels == name, [genes.index(gene) for gene in members])] = 6.0
    counts = rng.poisson(rates).astype(np.float32)
    obs = pd.DataFrame(
        {"cell_type": pd.Categorical(labels), "cell_type_confidence": rng.beta(8, 2, labels.size)},
        index=[f"cell{i}" for i in range(labels.size)],
    )
    adata = ad.AnnData(csr_matrix(counts), obs=obs, var=pd.DataFrame(index=genes))
    adata.layers["counts"] = adata.X.copy()
    totals = counts.sum(axis=1, keepdims=True)
    adata.X = csr_matrix(np.log1p(1e4 * counts / totals).astype(np.float32))
    adata.obsm["spatial"] = rng.uniform(0, 1000, (labels.size, 2))
    return adata


def texts(figure):
    """Return all texts of a figure in one string."""
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


RELIABILITY = [
    {"low": 0.4, "high": 0.5, "n_cells": 100, "confidence": 0.45, "accuracy": 0.25},
    {"low": 0.9, "high": 1.0, "n_cells": 300, "confidence": 0.95, "accuracy": 0.99},
]
CONFUSION = [[90, 10, 0], [30, 70, 0], [0, 1, 99]]


def annotated(tissue: ad.AnnData) -> ad.AnnData:
    """Add the output of a run to a tissue: predictions, calls, reasons and the run manifest."""
    tissue.obs[columns.PREDICTED] = tissue.obs[columns.CELL_TYPE]
    calls = tissue.obs[columns.CELL_TYPE].astype(str).to_numpy(dtype=object)
    reasons = np.full(tissue.n_obs, "", dtype=object)
    calls[:30], reasons[:30] = columns.UNASSIGNED, columns.REASON_LOW_CONFIDENCE
    calls[30:35], reasons[30:35] = columns.UNASSIGNED, columns.REASON_NO_COUNTS
    tissue.obs[columns.CELL_TYPE] = pd.Categorical(calls)
    tissue.obs[columns.UNASSIGNED_REASON] = pd.Categorical(reasons)
    card = {
        "classes": list(TYPES),
        "heldout": {
            "accuracy": 259 / 300,
            "macro_f1": 0.86,
            "f1": {"B cell": 0.82, "T cell": 0.77, "fibroblast": 0.99},
            "cells": dict.fromkeys(TYPES, 100),
            "confusion": CONFUSION,
            "reliability": RELIABILITY,
        },
        "ontology_ids": {"B cell": "CL:0000236", "T cell": "CL:0000084", "fibroblast": "CL:0000057"},
        "training": {"trainer": "logistic", "n_cells": 300, "n_genes": 30, "n_classes": 3},
        "platform": {"matched_to": "query", "median_depth": 42.0, "ambient_share": 0.1},
    }
    references = [
        {
            "source": "atlas",
            "uri": "s3://bucket/atlas.h5ad",
            "sha256": "ab" * 32,
            "n_cells": 500,
            "n_kept": 480,
            "genes_kept": 27,
            "genes_wanted": 30,
            "genes_missing": ["CD19", "LUM", "TRAC"],
            "counts": {"kind": "raw"},
            "dropped": [{"label": "doublet", "reason": "excluded label", "n_cells": 20}],
            "licence": "CC BY 4.0",
        }
    ]
    mapping = [
        {"input_label": "B", "id": "CL:0000236", "name": "B cell", "score": 1.0, "match_tier": "tier1_exact"},
        {"input_label": "mystery", "id": "", "name": "", "score": 0.0, "match_tier": "unmapped"},
    ]
    rows = [{"cell_type": name, "source": "atlas", "before": 160, "after": 100} for name in TYPES]
    tissue.uns[columns.MANIFEST] = {
        "confidence_transform": "calibrated",
        "model_card_json": json.dumps(card),
        "references_json": json.dumps(references),
        "reference_composition_json": json.dumps(rows),
        "label_mapping_json": json.dumps(mapping),
        "config_json": json.dumps({"tissue": "lymph node", "confidence_threshold": 0.8}),
        "versions_json": json.dumps({"spatialcore-celltyping": "0.1.0", "anndata": "0.12.19"}),
        "n_model_genes": 26,
        "gene_overlap_pct": 100.0,
        "query": "s3://bucket/node_7",
    }
    return tissue
