"""Entries of the run manifest that describe the calls of a run."""

import json
from typing import Any

import numpy as np
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.calls.obs_columns import Run
from spatialcore.annotation.colors import cell_type_colors
from spatialcore.annotation.explain.type_evidence import evidence_json
from spatialcore.core.genes.species import species_of_genes


def _colors(run: Run) -> dict[str, str]:
    """Return the model's colours, and further colours for the terms above its classes."""
    if run.tree is None or not run.model.colors:
        return run.model.colors
    ids = dict(zip(run.tree.names, run.tree.ids, strict=True))
    return cell_type_colors([*run.model.classes, *run.tree.names[run.tree.n_classes :]], ids, keep=run.model.colors)


def run_entries(adata: AnnData, runs: list[Run], method: str, min_confidence: float) -> dict[str, Any]:
    """Return the entries of a run, made of one :class:`Run` for each model."""
    first = runs[0]
    genes, is_one = first.query.genes.model, len(runs) == 1
    missing = np.setdiff1d(np.arange(len(first.model.genes)), genes)
    return {
        "model_path": ";".join(str(run.model.path) for run in runs),
        "model_sha256": ";".join(run.model.sha256 for run in runs),
        "model_classes_json": json.dumps(
            [list(run.model.classes) for run in runs] if len(runs) > 1 else list(first.model.classes)
        ),
        "model_target_sum": float(first.model.target_sum),
        "model_card_json": json.dumps({k: v for k, v in first.model.metadata.items() if k != "genes"}, default=float),
        "colors_json": json.dumps(_colors(first)),
        "species": species_of_genes(first.model.genes) or "",
        "expression_source": first.query.source,
        "confidence_transform": method,
        "min_confidence": float(min_confidence),
        "n_model_genes": len(first.model.genes),
        "n_shared_genes": len(genes),
        "gene_overlap_pct": 100.0 * len(genes) / max(1, len(first.model.genes)),
        "missing_genes_json": json.dumps([first.model.genes[i] for i in missing]),
        "gene_evidence_json": evidence_json(first.model, first.query, first.prediction, method) if is_one else "[]",
        "reference_fit_json": json.dumps(first.fit.to_dict() if first.fit else {}),
        "n_cells": int(adata.n_obs),
        "n_unassigned": int((adata.obs[columns.CELL_TYPE] == columns.UNASSIGNED).sum()),
        "n_without_counts": int((first.prediction.best < 0).sum()),
    }
