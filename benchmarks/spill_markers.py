"""Effect of purified counts on the specificity of markers, and a check that no count is lost."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from anndata import AnnData
from scipy import sparse
from sklearn.metrics import roc_auc_score

from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.spillover.purified import PURIFIED, decontaminate

MARKERS = 5
MIN_CELLS = 20
Markers = dict[str, list[int]]


def marker_figures(adata: AnnData, truth: npt.NDArray[np.str_], model_path: Path) -> dict[str, float]:
    """Return figures for the raw counts, the purified expected counts (which remain in the layer), and drawn counts.

    AUC: of the share of a type's five best markers, cells of the type against others; others: their mean share in other
    cells; both are means over the types. ``lost`` is the largest relative change of a gene's sum.
    """
    markers = _markers(adata, model_path)
    drawn = decontaminate(adata, model_path, integers=True, copy=True).layers[PURIFIED]
    decontaminate(adata, model_path)
    figures: dict[str, float] = {}
    for name, counts in (("counts", adata.X), ("expected", adata.layers[PURIFIED]), ("drawn", drawn)):
        figures[f"auc {name}"], figures[f"others {name}"] = _specificity(counts, truth, markers)
    sums, after = (np.asarray(X.sum(axis=0, dtype=np.float64)).ravel() for X in (adata.X, adata.layers[PURIFIED]))
    emptied = (np.asarray(adata.X.sum(axis=1)) > 0) & (np.asarray(drawn.sum(axis=1)) <= 0)
    changed = float(abs(adata.layers[PURIFIED] - adata.X).sum() / 2 / adata.X.sum())
    return figures | {
        "moved": changed,
        "lost": float(np.max(np.abs(after - sums) / np.maximum(sums, 1))),
        "emptied": int(emptied.sum()),
    }


def _markers(adata: AnnData, model_path: Path) -> Markers:
    """Return the columns of the five best markers of each class."""
    model = load_model(model_path)
    if model.profiles is None:
        raise ValueError("the model has no class profiles")
    markers = {}
    for k, name in enumerate(model.classes):
        others = np.delete(model.profiles, k, axis=0).max(axis=0)
        best = np.argsort(-model.profiles[k] / (others + 1e-3))[:MARKERS]
        markers[name] = list(adata.var_names.get_indexer([model.genes[g] for g in best]))
    return markers


def _specificity(counts: sparse.csr_matrix, truth: npt.NDArray[np.str_], markers: Markers) -> tuple[float, float]:
    """Return the mean AUC of marker shares (cells of the type against others) and the mean share in other cells."""
    totals = np.maximum(np.asarray(counts.sum(axis=1)).ravel(), 1e-9)
    scores = []
    for name, genes in markers.items():
        of_type = truth == name
        if of_type.sum() < MIN_CELLS:
            continue
        share = np.asarray(counts[:, genes].sum(axis=1)).ravel() / totals
        scores.append((roc_auc_score(of_type, share), share[~of_type].mean()))
    auc, others = np.mean(scores, axis=0)
    return float(auc), float(others)
