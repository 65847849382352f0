"""One model of a cohort compared with one model per sample, on eight samples of different depth and ambient share.

    python -m benchmarks.cohort --data ../shared/data

The samples have 75 to 300 counts per cell and an ambient share of .05 or .25. With ``--efficiency same`` they share
their gene efficiencies, with ``own`` these are drawn per sample. A real cell is used once in a sample, so that no
cluster consists of copies of one cell; cells drawn around mean profiles all differ. ``blood`` is of another assay than
its reference, ``blood_halves`` of the same assays; ``--halves`` divides the cells of a study in other ways. The samples
of a cohort are drawn from the same real cells, so that seeds differ less than halves do.

``bias``: mean confidence less accuracy. ``chance``: the calibration error that as many cells would have if each were
right with the probability that is its confidence. ``worst``: the largest error of the eight samples, and ``worst by
chance`` the same of such cells, both as means over the cohorts; ``largest``: of all samples.
"""

import argparse
import tempfile
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from benchmarks.accuracy import figures
from benchmarks.calibration import CALL_THRESHOLD, expected_calibration_error
from benchmarks.data.spill_sources import TYPE, Source, sources
from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.config import AnnotationSettings
from spatialcore.annotation.pooled_queries import pool_queries
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.types import Floats
from spatialcore.simulate import section

DEPTHS, AMBIENT = (75.0, 120.0, 190.0, 300.0), (0.05, 0.25)
MAX_ERROR = 0.05
SPREAD = 0.5
DRAWS = 100  # of calls that are right by chance
BY_CHANCE = "errors_by_chance"


def cohort(source: Source, efficiency: str, n_cells: int, seed: int = 0) -> list[AnnData]:
    """Simulate the eight samples."""
    rng = np.random.default_rng(seed)
    shared = rng.lognormal(0, SPREAD, source.drawn_from.n_vars)
    cells = []
    for number, (depth, ambient) in enumerate(product(DEPTHS, AMBIENT)):
        measured = source.drawn_from.copy()
        if efficiency == "same":
            measured.X = (sparse.csr_matrix(measured.X).multiply(100 * shared).tocsr()).rint()
        cells.append(
            section(
                measured,
                layout=("mixed", "niches")[number // 2 % 2],
                spill_share=0.0,
                depth=depth,
                ambient_share=ambient,
                n_cells=n_cells,
                efficiency_spread=SPREAD if efficiency == "own" else 0.0,
                dispersion=source.dispersion,
                repeat_cells=source.dispersion > 0,
                random_state=100 * seed + number,
            )
        )
    return cells


def row(sample: AnnData, model: Path, rng: np.random.Generator) -> dict[str, Any]:
    """Annotate a sample and return accuracy and calibration."""
    called = annotate_celltypist(sample, custom_model_path=model, confidence_transform="calibrated", copy=True)
    truth = sample.obs["true_cell_type"].astype(str).to_numpy()
    names, confidence = called.obs[columns.PREDICTED].astype(str).to_numpy(), called.obs[columns.CONFIDENCE].to_numpy()
    accuracy, f1 = figures(truth, names)
    is_called, by_chance = confidence >= CALL_THRESHOLD, errors_by_chance(confidence, rng)
    return {
        "accuracy": accuracy,
        "macro_f1": f1,
        "ece": expected_calibration_error(confidence, names == truth),
        "bias": confidence.mean() - accuracy,
        "chance": by_chance.mean(),
        "kept": is_called.mean(),
        "kept_right": (names == truth)[is_called].mean() if is_called.any() else np.nan,
        BY_CHANCE: by_chance,
    }


def errors_by_chance(confidence: Floats, rng: np.random.Generator) -> Floats:
    """Return calibration errors of calls that are right as often as their confidence says."""
    right = rng.random((DRAWS, len(confidence))) < confidence
    return np.array([expected_calibration_error(confidence, drawn) for drawn in right])


def measure(source: Source, efficiency: str, n_cells: int, seed: int = 0, *, singles: bool = True) -> pd.DataFrame:
    """Return one row per sample and model: the model of the cohort, or of the sample."""
    cells, rows = cohort(source, efficiency, n_cells, seed), []
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        pooled = pool_queries(cells, AnnotationSettings()).sample
        train_celltypist_model(source.reference, TYPE, output_path=path, trainer="logistic", query=pooled)
        for (depth, ambient), sample in zip(product(DEPTHS, AMBIENT), cells, strict=True):
            about = {"seed": seed, "depth": depth, "ambient": ambient}
            rows.append({**about, "model": "cohort", **row(sample, path, rng)})
        for (depth, ambient), sample in zip(product(DEPTHS, AMBIENT), cells if singles else [], strict=False):
            about = {"seed": seed, "depth": depth, "ambient": ambient}
            train_celltypist_model(source.reference, TYPE, output_path=path, trainer="logistic", query=sample)
            rows.append({**about, "model": "single", **row(sample, path, rng)})
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return the means over samples of each model, and the worst samples of its cohorts."""
    names = ["accuracy", "macro_f1", "ece", "chance", "bias", "kept", "kept_right"]
    by_model, by_cohort = table.groupby("model"), table.groupby(["model", "halves", "seed"])
    worst_by_chance = by_cohort[BY_CHANCE].agg(lambda errors: np.stack(list(errors)).max(axis=0).mean())
    return (
        by_model[names]
        .mean()
        .assign(
            worst=by_cohort["ece"].max().groupby("model").mean(),
            worst_by_chance=worst_by_chance.astype(float).groupby("model").mean(),
            largest=by_model["ece"].max(),
            too_large=(table["ece"] > MAX_ERROR).groupby(table["model"]).sum(),
            samples=by_model.size(),
        )
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--sources", nargs="+", default=["blood", "blood_halves", "lung"])
    parser.add_argument("--efficiency", nargs="+", default=["same", "own"], choices=("same", "own"))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--halves", nargs="+", type=int, default=[5], help="seeds that divide the cells of a study")
    parser.add_argument("--cells", type=int, help="places of a sample (800 for profiles, 1,600 for real cells)")
    parser.add_argument("--cohort-only", action="store_true")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    pd.set_option("display.width", 200)
    pd.set_option("display.max_columns", 20)
    for name, efficiency in product(options.sources, options.efficiency):
        tables = []
        for halves, seed in product(options.halves, options.seeds):
            (source,) = sources(options.data, (name,), halves)
            places = options.cells or (800 if source.dispersion else 1600)
            measured = measure(source, efficiency, places, seed, singles=not options.cohort_only)
            tables.append(measured.assign(halves=halves))
        table = pd.concat(tables)
        print(f"\n{name}, efficiencies: {efficiency}\n", table.drop(columns=BY_CHANCE).round(3).to_string(index=False))
        print(summary(table).round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
