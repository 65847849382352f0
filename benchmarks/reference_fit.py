"""Whether a reference fits a query, on many pairs of both, by tissue and by the number of types.

    python -m benchmarks.reference_fit --data ../shared/data [--repeats 8 --seed 4]

Queries are sections: whole, small (220 to 900 cells) or of 80 to 100 % one type, real or drawn from cells and profiles
at 60 to 400 counts. Each is compared with the references of its tissue and with two of another tissue or species. No
classifier is trained, because the estimate only uses class profiles, platform and clusters.
"""

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.data.tissue_references import TYPE, Query, Reference, lineages, queries, references
from spatialcore.annotation.model.reference_fit import MIN_EXPLAINED, ReferenceFit, measure_fit
from spatialcore.annotation.training.platform.estimate import class_profiles, estimate_platform
from spatialcore.annotation.unknown.query_clusters import pooled_counts, small_clusters
from spatialcore.core.normalization import row_totals
from spatialcore.simulate import section

MODES = ("whole", "92 % one type", "one type", "skewed", "small")
MIN_GENES, MIN_CELLS, MIN_OF_TYPE = 40, 200, 5
SHARED = (
    0.55  # minimum share of cells of a lineage in the reference; below it, a reference of another tissue does not fit
)
N_OTHERS = 2


def judge(reference: AnnData, query: AnnData) -> ReferenceFit | None:
    """Return the fit on the shared genes, as in the annotation; ``None`` for too few genes or cells."""
    genes = [gene for gene in query.var_names if gene in set(reference.var_names)]
    cells = sparse.csr_matrix(query[:, genes].X).astype(np.float64)
    cells = cells[row_totals(cells) > 0]
    if len(genes) < MIN_GENES or cells.shape[0] < MIN_CELLS:
        return None
    counts = sparse.csr_matrix(reference[:, genes].X).astype(np.float64)
    sizes = reference.obs[TYPE].map(reference.obs[TYPE].value_counts()).to_numpy()
    used = (row_totals(counts) > 0) & (sizes >= MIN_OF_TYPE)
    codes, names = pd.factorize(reference.obs[TYPE][used], sort=True)
    profiles = class_profiles(counts[used], codes, len(names))
    expected = estimate_platform(profiles, cells).expected(profiles)
    clusters = small_clusters(cells)
    pooled = pooled_counts(cells, clusters.assign(cells), len(clusters.means))
    return measure_fit(pooled, expected, cells.shape[0], profiles)


def variation(query: Query, mode: str, rng: np.random.Generator) -> AnnData:
    """Return a section of the query's cells, or one drawn from them."""
    share = {"92 % one type": 0.92, "one type": 1.0, "skewed": float(rng.choice([0.8, 0.95, 0.99]))}.get(mode)
    n_cells = int(rng.integers(220, 900) if mode == "small" else rng.integers(400, 1300))
    cells = query.cells
    if not query.is_section:
        cells = section(
            cells,
            TYPE,
            layout="mixed",
            spill_share=float(rng.choice([0, 0, 0.1, 0.3])),
            depth=float(rng.choice([60, 150, 400])),
            n_cells=n_cells if share is None else 6 * n_cells,
            efficiency_spread=float(rng.choice([0.3, 0.5, 0.8])),
            dispersion=0.5 if query.is_profiles else 0.0,
            random_state=int(rng.integers(1_000_000)),
        )
        cells.obs[TYPE] = cells.obs["true_cell_type"].astype(str)
    return cells[_rows(cells.obs[TYPE].to_numpy().astype(str), share, n_cells, rng)].copy()


def _rows(labels: "np.ndarray[Any, Any]", share: float | None, n_cells: int, rng: np.random.Generator) -> Any:
    """Return random rows, or rows in which one of the four most frequent types has a share."""
    order = rng.permutation(len(labels))
    if share is None:
        return np.sort(order[:n_cells])
    names, sizes = np.unique(labels, return_counts=True)
    dominant = rng.choice(names[np.argsort(-sizes)[:4]])
    of_type, others = order[labels[order] == dominant], order[labels[order] != dominant]
    of_type = of_type[: round(share * n_cells)]
    return np.sort(np.concatenate([of_type, others[: round(len(of_type) * (1 - share) / share)]]))


def pairs(data: Path, repeats: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield one row per pair: the measurements, and whether the reference fits."""
    rng, available = np.random.default_rng(seed), references(data)
    for query in queries(data):
        others = [r for r in available.values() if query.is_foreign(r)]
        for mode in MODES * repeats:
            cells = variation(query, mode, rng)
            chosen = [available[name] for name in query.right]
            chosen += [others[k] for k in rng.choice(len(others), N_OTHERS, replace=False)]
            for reference in chosen:
                yield from _row(query, mode, cells, reference)


def _row(query: Query, mode: str, cells: AnnData, reference: Reference) -> Iterator[dict[str, Any]]:
    fits = reference.name in query.right
    shared = np.isin(lineages(cells, query.tissue), lineages(reference.cells, reference.tissue)).mean()
    fit = judge(reference.cells, cells) if fits or shared < SHARED else None
    if fit is not None and fit.agreement is not None:
        row = {"query": query.name, "tissue": query.tissue, "reference": reference.name, "mode": mode, "fits": fits}
        measured = {"explained": max(fit.explained, MIN_EXPLAINED), "agreement": fit.agreement}
        yield row | measured | {"several types": fit.several_types, "log odds": fit.log_odds}


def left_out(table: pd.DataFrame) -> "np.ndarray[Any, Any]":
    """Return scores of a logistic regression on both measures, for each tissue trained on the others."""
    columns, scores = ["agreement", "explained"], np.zeros(len(table))
    for tissue in table["tissue"].unique():
        rest = table["tissue"] != tissue
        model = LogisticRegression(C=30.0).fit(table.loc[rest, columns], table.loc[rest, "fits"])
        scores[~rest] = model.decision_function(table.loc[~rest, columns])
    return scores


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return ROC areas and errors of the estimate, and of the explained share only."""
    table = table.assign(regression=left_out(table))
    one_type = table["several types"] < 1
    rows = {}
    for name, part in {"all": table, "one type": table[one_type], "several types": table[~one_type]}.items():
        fits = part["fits"].to_numpy(bool)
        accepted, alone = part["log odds"] >= 0, part["explained"] >= 0.39
        rows[name] = {
            "fit": fits.sum(),
            "do not": (~fits).sum(),
            **{f"AUROC {key}": roc_auc_score(fits, part[key]) for key in ("explained", "agreement", "regression")},
            "AUROC": roc_auc_score(fits, part["log odds"]),
            "right disbelieved": (fits & ~accepted).sum(),
            "wrong believed": (~fits & accepted).sum(),
            "right, explained alone": (fits & ~alone).sum(),
            "wrong, explained alone": (~fits & alone).sum(),
        }
    return pd.DataFrame(rows).T


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    table = pd.DataFrame(pairs(options.data, options.repeats, options.seed))
    wrong = table[table["fits"] != (table["log odds"] >= 0)]
    print(wrong.round(2).to_string(index=False))
    print(summary(table).round(3).T.to_string())


if __name__ == "__main__":
    main()
