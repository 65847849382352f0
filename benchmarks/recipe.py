"""Accuracy of each part of the training method on the open pairs.

python -m benchmarks.recipe --data ../shared/data
"""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from benchmarks.accuracy import figures
from benchmarks.data.open_pairs import Labels, Pair, open_pairs
from spatialcore.annotation.model.linear import Standardized
from spatialcore.annotation.query import open_query
from spatialcore.annotation.training.fitting import fit_models
from spatialcore.annotation.training.labelled_counts import LabelledCounts
from spatialcore.annotation.training.platform.estimate import class_profiles, estimate_platform
from spatialcore.annotation.training.platform.simulate import match_to_platform, thin_to_depths
from spatialcore.annotation.training.platform.target import TargetPlatform
from spatialcore.annotation.training.solver.logistic import fit_logistic
from spatialcore.core.normalization import TARGET_SUM, log1p_normalize


class Bench:
    """Counts of a pair on the shared genes, and the platform of its query."""

    def __init__(self, pair: Pair) -> None:
        query = open_query(pair.query_data(), list(pair.genes))
        query_counts, reference = query.counts(np.arange(query.n_obs)), pair.reference[:, query.genes.model]
        expressed = np.asarray(reference.sum(axis=0)).ravel() > 0
        has_counts = np.asarray(reference[:, expressed].sum(axis=1)).ravel() > 0
        self.pair, self.query = pair, query_counts[:, expressed]
        self.reference = reference[has_counts][:, expressed]
        self.names, self.codes = np.unique(pair.labels[has_counts], return_inverse=True)
        self.profiles = class_profiles(self.reference, self.codes, len(self.names))
        self.target = TargetPlatform(platform=estimate_platform(self.profiles, self.query))
        self.rng = np.random.default_rng(0)

    @property
    def median(self) -> float:
        """The median depth of the query."""
        return self.target.target_sum

    def call(self, model: Standardized, total: float) -> Labels:
        """Return the calls of a linear model on log1p values at a total."""
        return self._labels_of(model.on_genes().scores(log1p_normalize(self.query, total)))

    def by_profiles(self) -> Labels:
        """Return the calls of the count model: the profile with the highest likelihood."""
        return self._labels_of(self.query @ np.log(self.target.expected(self.profiles)).T)

    def fit(self, counts: sparse.csr_matrix, copies: int, total: float) -> Labels:
        """Return the calls of balanced logistic regression on reference counts with ``copies`` per cell."""
        has_counts = np.diff(counts.indptr) > 0
        labels = np.tile(self.codes, copies)[has_counts]
        return self.call(fit_logistic(log1p_normalize(counts[has_counts], total), labels, len(self.names)), total)

    def thinned(self, total: float) -> Labels:
        """Return the calls after thinning the reference to the depths of the query."""
        assert self.target.platform is not None
        return self.fit(thin_to_depths(self.reference, self.target.platform.depths, self.rng), 1, total)

    def matched(self, total: float) -> Labels:
        """Return the calls after matching the reference to the platform of the query, two copies per cell."""
        assert self.target.platform is not None
        halves = [match_to_platform(self.reference, self.target.platform, self.rng) for _ in range(2)]
        return self.fit(sparse.vstack(halves, format="csr"), 2, total)

    def pipeline(self) -> Labels:
        """Return the calls of the pipeline."""
        cells = LabelledCounts.of(self.reference, self.codes, len(self.names))
        models = fit_models(cells, self.target, self.rng)
        return self.call(models.primary, models.target_sum)

    def _labels_of(self, scores: npt.NDArray[np.float64]) -> Labels:
        calls: Labels = self.names[scores.argmax(axis=1)].astype(str)
        return calls


FORMS: dict[str, Callable[[Bench], Labels]] = {
    "balanced LR, log1p(10k)": lambda bench: bench.fit(bench.reference, 1, TARGET_SUM),
    "+ thinned to the query's depth": lambda bench: bench.thinned(TARGET_SUM),
    "the same, log1p(median depth)": lambda bench: bench.thinned(bench.median),
    "count model: profiles, efficiency, ambient": Bench.by_profiles,
    "LR matched to the platform, log1p(10k)": lambda bench: bench.matched(TARGET_SUM),
    "LR matched to the platform, log1p(median depth)": lambda bench: bench.matched(bench.median),
    "pipeline: the same, small classes oversampled": Bench.pipeline,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the open data")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for pair in open_pairs(options.data):
        bench = Bench(pair)
        for name, form in FORMS.items():
            accuracy, f1 = figures(pair.truth[pair.in_reference], form(bench)[pair.in_reference])
            rows.append((name, pair.name.startswith("lung >"), accuracy, f1))
    results = pd.DataFrame(rows, columns=["form", "simulated", "accuracy", "f1"])
    print("| form | seven pairs | five pairs of real cells |\n|---|---|---|")
    for name in FORMS:
        group = results[results["form"] == name]
        real = group[~group["simulated"]]
        print(
            f"| {name} | {group['accuracy'].mean():.3f} / {group['f1'].mean():.3f} "
            f"| {real['accuracy'].mean():.3f} / {real['f1'].mean():.3f} |"
        )


if __name__ == "__main__":
    main()
