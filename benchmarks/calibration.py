"""Calibration of the confidence on open pairs: calls above 0.8, unseen types, noise.

python -m benchmarks.calibration --data ../shared/data

``--confidence calibrated+alone`` does not use the clusters of cells (``detect_unseen=False``).
"""

import argparse
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse
from sklearn.metrics import roc_auc_score

from benchmarks.data.open_pairs import Pair, open_pairs
from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.types import Floats

CALL_THRESHOLD = 0.8
MIN_CELLS = 20
"""Minimum number of cells on both sides for a type to be hidden."""


def expected_calibration_error(confidence: Floats, correct: npt.NDArray[np.bool_], n_bins: int = 10) -> float:
    """Return the expected calibration error over bins of equal width (Guo et al. 2017)."""
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = [abs(confidence[bins == k].mean() - correct[bins == k].mean()) * (bins == k).mean() for k in np.unique(bins)]
    return float(np.sum(gaps))


def shuffled_over_genes(counts: sparse.csr_matrix, rng: np.random.Generator) -> sparse.csr_matrix:
    """Return the counts with the genes permuted within each cell."""
    dense = rng.permuted(counts.toarray(), axis=1)
    return sparse.csr_matrix(dense)


class Called:
    """A model trained on a pair; ``explained`` and ``unseen_score`` (.5 if unknown) belong to the last calls."""

    def __init__(self, pair: Pair, folder: Path) -> None:
        self.pair, self.path, self.explained = pair, folder / "model.pkl", float("nan")
        self.unseen_score: Floats = np.full(len(pair.truth), 0.5)
        train_celltypist_model(
            pair.reference_data(), output_path=self.path, trainer="logistic", query=pair.query_data()
        )

    def call(self, method: str, counts: sparse.csr_matrix | None = None) -> tuple[npt.NDArray[np.str_], Floats]:
        """Return calls and confidence of the query, or of other counts on its genes."""
        adata: AnnData = self.pair.query_data(counts)
        transform, _, alone = method.partition("+")
        annotate_celltypist(
            adata,
            custom_model_path=self.path,
            confidence_transform=transform,  # type: ignore[arg-type]
            detect_unseen=not alone,
        )
        fit = json.loads(adata.uns[columns.MANIFEST]["reference_fit_json"])
        self.explained = float(fit.get("explained", "nan"))
        if columns.UNSEEN_SCORE in adata.obs:
            self.unseen_score = adata.obs[columns.UNSEEN_SCORE].fillna(0.5).to_numpy(np.float64)
        return adata.obs[columns.PREDICTED].astype(str).to_numpy(), adata.obs[columns.CONFIDENCE].to_numpy()


def figures(pair: Pair, method: str, called: Called) -> dict[str, float]:
    """Return the calibration and accuracy of a confidence method, and the share of noise above the threshold."""
    names, confidence = called.call(method)
    has_class, correct = pair.in_reference, names == pair.truth
    is_called = has_class & (confidence >= CALL_THRESHOLD)
    noise = called.call(method, shuffled_over_genes(pair.query, np.random.default_rng(0)))[1]
    return {
        "ece": expected_calibration_error(confidence[has_class], correct[has_class]),
        "accuracy": correct[has_class].mean(),
        "kept_accuracy": correct[is_called].mean() if is_called.any() else np.nan,
        "kept": is_called.sum() / has_class.sum(),
        "noise_passing": (noise >= CALL_THRESHOLD).mean(),
    }


def unseen(pair: Pair, methods: tuple[str, ...]) -> dict[str, list[tuple[float, float]]]:
    """Hide each type from the reference: AUROC of known against hidden cells, share of hidden cells above 0.8."""
    scores: dict[str, list[tuple[float, float]]] = {method: [] for method in methods}
    for label in hidden_types(pair):
        hidden = pair.truth == label
        with tempfile.TemporaryDirectory() as folder:
            called = Called(pair.without(label), Path(folder))
            for method in methods:
                _, confidence = called.call(method)
                auroc = hidden_auroc(pair, label, -confidence)
                scores[method].append((auroc, float((confidence[hidden] >= CALL_THRESHOLD).mean())))
    return scores


def hidden_auroc(pair: Pair, label: str, score: Floats) -> float:
    """Return the AUROC of a score that is high for a hidden type: its cells against those of types in the reference."""
    hidden = pair.truth == label
    used = hidden | pair.in_reference
    return float(roc_auc_score(hidden[used], score[used]))


def hidden_types(pair: Pair) -> list[str]:
    """Return the types that can be hidden: at least 20 cells on both sides, and at most half of the query."""
    names, sizes = np.unique(pair.labels, return_counts=True)
    cells = np.array([(pair.truth == name).sum() for name in names])
    used = (sizes >= MIN_CELLS) & (cells >= MIN_CELLS) & (cells <= len(pair.truth) / 2)
    return [str(name) for name in names[used]]


def measure(data: Path, methods: tuple[str, ...]) -> pd.DataFrame:
    """Return one row per pair and confidence."""
    rows = []
    for pair in open_pairs(data):
        with tempfile.TemporaryDirectory() as folder:
            called = Called(pair, Path(folder))
            results = {method: figures(pair, method, called) for method in methods}
        hidden = unseen(pair, methods)
        for method in methods:
            scores = hidden[method] or [(np.nan, np.nan)]
            auroc, passing = (float(np.mean([score[i] for score in scores])) for i in (0, 1))
            rows.append(
                {"pair": pair.name, "confidence": method, **results[method], "auroc": auroc, "unseen_passing": passing}
            )
            print({k: round(v, 3) if isinstance(v, float) else v for k, v in rows[-1].items()}, file=sys.stderr)
    return pd.DataFrame(rows)


def table(results: pd.DataFrame) -> str:
    """Return a markdown table per confidence with means."""
    names = [name for name in results.columns if name not in ("pair", "confidence")]
    lines = ["| confidence | pair | " + " | ".join(name.replace("_", " ") for name in names) + " |"]
    lines.append("|---" * (len(names) + 2) + "|")
    for method, part in results.groupby("confidence", sort=False):
        rows = [(row["pair"], row) for _, row in part.iterrows()] + [("**mean**", part[names].mean())]
        for name, row in rows:
            cells = ["-" if pd.isna(row[key]) else f"{row[key]:.3f}" for key in names]
            lines.append(f"| {method} | {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    parser.add_argument("--confidence", nargs="+", default=["calibrated", "zscore"])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(table(measure(options.data, tuple(options.confidence))))


if __name__ == "__main__":
    main()
