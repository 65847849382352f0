"""Spill-over on simulated sections with known truth and on real dense sections, and the cost of the estimate."""

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.metrics import roc_auc_score

from benchmarks.accuracy import figures, run_tool
from benchmarks.calibration import CALL_THRESHOLD, expected_calibration_error
from benchmarks.data.open_pairs import Labels, Pair
from benchmarks.data.spill_sources import TYPE, Source, sources
from benchmarks.data.study_pairs import spatial_pairs
from benchmarks.spill_markers import marker_figures
from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.query import open_query
from spatialcore.annotation.spillover.result import estimate_spill_over
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.types import Floats
from spatialcore.simulate import section
from spatialcore.simulate.layouts import Layout

BINS = 10
RELIABILITY = "reliability"
MAX_SECTION = 100_000

Setting = tuple[Source, Layout, float, float, int]
"""Source, layout, share, depth and seed of a section."""
SpillMethod = Callable[[Pair, Path], tuple[Labels, Floats]]
"""Calls and foreign shares of a section; scratch files go to the folder."""


def called(reference: AnnData, label_column: str, query: AnnData, folder: Path) -> AnnData:
    """Train on the reference, matched to the query, and annotate the query."""
    path = folder / "model.pkl"
    train_celltypist_model(reference, label_column=label_column, output_path=path, trainer="logistic", query=query)
    return annotate_celltypist(
        query, custom_model_path=path, confidence_transform="calibrated", min_confidence=CALL_THRESHOLD, copy=True
    )


def simulated(settings: Iterable[Setting], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield one row per simulated section."""
    for setting in settings:
        yield _simulated(*setting, folder)


def purified(settings: Iterable[Setting], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the effect of decontaminate, one row per simulated section."""
    for setting in settings:
        source, layout, share, depth, _ = setting
        result = called(source.reference, TYPE, _section(*setting), folder)
        row: dict[str, Any] = {"source": source.name, "layout": layout, "share": share, "depth": depth}
        truth = result.obs["true_cell_type"].astype(str).to_numpy()
        row |= marker_figures(result, truth, folder / "model.pkl")
        expressed, total = result.layers["expressed"], result.X.sum()
        for name, counts in (("counts", result.X), ("expected", result.layers["purified"])):
            row[f"{name}, distance"] = float(abs(counts - expressed).sum() / total)
        yield row


def compared(settings: Iterable[Setting], methods: dict[str, SpillMethod], folder: Path) -> Iterator[dict[str, Any]]:
    """Yield accuracy, macro-F1, shares and CPU seconds of several methods, one row per simulated section."""
    for setting in settings:
        source, layout, share, depth, _ = setting
        cells = _section(*setting)
        truth = cells.obs["true_cell_type"].astype(str).to_numpy()
        foreign = cells.obs["true_foreign_share"].to_numpy()
        row: dict[str, Any] = {"source": source.name, "layout": layout, "share": share, "depth": depth}
        row["truth"] = foreign.mean()
        for name, method in methods.items():
            start = _cpu_seconds()
            calls, shares = method(_as_pair(source, cells), folder)
            row[f"{name} CPU"] = _cpu_seconds() - start
            row[name], row[f"{name} macro-F1"] = figures(truth, calls)
            row[f"{name} share"] = shares.mean()
            varies = foreign.std() > 0 and shares.std() > 0
            row[f"{name} correlation"] = float(np.corrcoef(foreign, shares)[0, 1]) if varies else np.nan
        yield row


def _as_pair(source: Source, cells: AnnData) -> Pair:
    return Pair(
        source.name,
        sparse.csr_matrix(source.reference.X),
        source.reference.obs[TYPE].astype(str).to_numpy(),
        sparse.csr_matrix(cells.X),
        cells.obs["true_cell_type"].astype(str).to_numpy(),
        tuple(cells.var_names),
        positions=cells.obsm[columns.SPATIAL],
    )


def _cpu_seconds() -> float:
    """Return the CPU seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def ours(pair: Pair, folder: Path) -> tuple[Labels, Floats]:
    """Return the calls and the foreign shares of this package."""
    result = called(pair.reference_data(), columns.UNIFIED_CELL_TYPE, pair.query_data(), folder)
    shares: Floats = result.obs[columns.FOREIGN_SHARE].to_numpy(np.float64)
    return result.obs[columns.PREDICTED].astype(str).to_numpy(), shares


def rival(interpreter: Path, name: str) -> SpillMethod:
    """Return a method that runs another tool with its own interpreter, see ``spill_rivals``."""

    def run(pair: Pair, folder: Path) -> tuple[Labels, Floats]:
        target, program = folder / "result.npz", ["-m", "benchmarks.spill_rivals", name]
        run_tool(interpreter, program, pair, target, cwd=Path(__file__).parents[1])
        result = np.load(target)
        return result["calls"].astype(str), result["foreign"]

    return run


def section_settings(
    data: Path,
    names: tuple[str, ...],
    layouts: tuple[Layout, ...],
    shares: tuple[float, ...],
    depths: tuple[float, ...],
    seed: int,
    *,
    in_turn: bool,
) -> Iterator[Setting]:
    """Yield source, layout, share, depth and seed of each section: every layout, or one layout after the other."""
    chosen = sources(data, names)
    grid = np.array(list(product(range(len(shares)), range(len(depths)), range(len(chosen)), range(len(layouts)))))
    if in_turn:
        grid = grid[grid[:, :3].sum(axis=1) % len(layouts) == grid[:, 3]]
    for share, depth, source, layout in grid:
        yield chosen[source], layouts[layout], shares[share], depths[depth], 1000 * seed + int(source)


def _section(source: Source, layout: Layout, share: float, depth: float, seed: int) -> AnnData:
    return section(
        source.drawn_from,
        layout=layout,
        spill_share=share,
        depth=depth,
        dispersion=source.dispersion,
        random_state=seed,
    )


def _simulated(source: Source, layout: Layout, share: float, depth: float, seed: int, folder: Path) -> dict[str, Any]:
    cells = _section(source, layout, share, depth, seed)
    result = called(source.reference, TYPE, cells, folder)
    permuted = cells.copy()
    rng = np.random.default_rng(seed)
    permuted.obsm[columns.SPATIAL] = rng.permutation(cells.obsm[columns.SPATIAL])
    null = annotate_celltypist(permuted, custom_model_path=folder / "model.pkl", confidence_transform="calibrated")
    row = {"source": source.name, "layout": layout, "share": share, "depth": depth}
    measures = _shares(result) | {"permuted": _mean(null)} | calls(result, result.obs["true_cell_type"])
    return row | measures | {RELIABILITY: reliability(result, result.obs["true_cell_type"])}


def reliability(adata: AnnData, truth: "pd.Series[str]") -> Floats:
    """Return cells, sum of the confidence and correct calls in ten bins of the confidence."""
    right = (adata.obs[columns.PREDICTED].astype(str) == truth.astype(str)).to_numpy()
    confidence = adata.obs[columns.CONFIDENCE].to_numpy()
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return np.array([np.bincount(bins, weights=each, minlength=BINS) for each in (right >= 0, confidence, right)])


def pooled_error(tables: "pd.Series[Any]") -> float:
    """Return the calibration error over the cells of several sections, from their :func:`reliability`."""
    cells, confidence, right = np.sum(list(tables), axis=0)
    return float(np.abs(confidence - right).sum() / cells.sum())


def _mean(adata: AnnData) -> float:
    totals = np.asarray(adata.X.sum(axis=1)).ravel()
    return float(np.average(adata.obs[columns.FOREIGN_SHARE], weights=totals))


def _shares(adata: AnnData) -> dict[str, float]:
    """Compare the shares with the truth."""
    obs = adata.obs
    totals = np.asarray(adata.X.sum(axis=1)).ravel()
    truth, result = obs["true_foreign_share"].to_numpy(), obs[columns.FOREIGN_SHARE].to_numpy()
    varies = truth.std() > 0 and result.std() > 0
    large = truth > 0.4
    has_second = (obs[columns.SECOND_TYPE] != "").to_numpy() & (truth > 0.2)
    agrees = (obs[columns.SECOND_TYPE].astype(str) == obs["true_second_type"].astype(str)).to_numpy()
    described = json.loads(adata.uns[columns.MANIFEST]["spill_over_json"])
    return {
        "z": described["z"],
        "detected": float(described["detected"]),
        "truth": float(np.average(truth, weights=totals)),
        "found": _mean(adata),
        "correlation": float(np.corrcoef(truth, result)[0, 1]) if varies else np.nan,
        "auroc": float(roc_auc_score(large, result)) if large.any() and varies else np.nan,
        "second right": float(agrees[has_second].mean()) if has_second.any() else np.nan,
    }


def calls(adata: AnnData, truth: "pd.Series[str]") -> dict[str, float]:
    """Return accuracy and calibration; victims have at least as many foreign counts as counts of their type."""
    right = (adata.obs[columns.PREDICTED].astype(str) == truth.astype(str)).to_numpy()
    confidence = adata.obs[columns.CONFIDENCE].to_numpy()
    is_called = confidence >= CALL_THRESHOLD
    victims = (
        adata.obs["true_foreign_share"].to_numpy() >= 0.5
        if "true_foreign_share" in adata.obs
        else ~is_called & is_called
    )
    return {
        "accuracy": right.mean(),
        "ece": expected_calibration_error(confidence, right),
        "kept": is_called.mean(),
        "kept accuracy": right[is_called].mean() if is_called.any() else np.nan,
        "victims": victims.sum(),
        "victims wrong": (is_called & ~right)[victims].mean() if victims.any() else np.nan,
    }


def real(data: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield one row per real section, with marker specificity before and after purification."""
    for pair in spatial_pairs(data):
        result = called(pair.reference_data(), columns.UNIFIED_CELL_TYPE, pair.query_data(), folder)
        described = json.loads(result.uns[columns.MANIFEST]["spill_over_json"])
        in_reference = result[pair.in_reference].copy()
        row: dict[str, Any] = {"section": pair.name, "z": described["z"], "found": described["foreign_share"]}
        row |= calls(in_reference, pd.Series(pair.truth[pair.in_reference], index=in_reference.obs_names))
        yield row | marker_figures(result, pair.truth, folder / "model.pkl")


def side_by_side(part: AnnData, copies: int) -> AnnData:
    """Return copies of a section, placed side by side."""
    if copies == 1:
        return part
    places = part.obsm[columns.SPATIAL]
    step = np.array([1.1 * np.ptp(places[:, 0]), *np.zeros(places.shape[1] - 1)])
    obs = pd.DataFrame(index=[f"{i}-{name}" for i in range(copies) for name in part.obs_names])
    large = AnnData(sparse.vstack([sparse.csr_matrix(part.X)] * copies, format="csr"), obs, part.var[[]].copy())
    large.obsm[columns.SPATIAL] = np.concatenate([places + i * step for i in range(copies)])
    return large


def cost(data: Path, folder: Path, n_cells: int) -> dict[str, float]:
    """Return the CPU seconds of the estimate on a large section of the lung source (18 types).

    Sections of more than 100,000 cells are copies of one section, placed side by side.
    """
    source = sources(data, ("lung",))[0]
    small, part = (
        section(source.drawn_from, layout="mixed", spill_share=0.2, n_cells=n, dispersion=source.dispersion)
        for n in (2_000, min(n_cells, MAX_SECTION))
    )
    called(source.reference, TYPE, small, folder)
    model = load_model(folder / "model.pkl")
    large = side_by_side(part, -(-n_cells // part.n_obs))
    query = open_query(large, model.genes)
    start = time.process_time()
    result = estimate_spill_over(large, model, query)
    seconds = time.process_time() - start
    if result is None or result.estimates is None:
        raise ValueError("no spill-over was detected in a section with spill-over")
    return {"cells": large.n_obs, "types": len(model.classes), "CPU seconds": seconds}
