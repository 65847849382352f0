"""Run time of balancing 1,000,000 cells of 100 types from 10 sources; target: under three CPU seconds.

Usage: python -m benchmarks.cost.balance [--rival PYTHON]
"""

import argparse

from benchmarks.cost.measure import measure, show

CELLS = """
import anndata as ad, numpy as np, pandas as pd, scipy.sparse as sp
from spatialcore.annotation import subsample_balanced
rng = np.random.default_rng(0)
n = 1_000_000
types = rng.choice(100, n, p=rng.dirichlet(np.full(100, .7)))
obs = pd.DataFrame({
    "original_label": pd.Categorical.from_codes(types, [f"type {i}" for i in range(100)]),
    "reference_source": pd.Categorical.from_codes(rng.integers(0, 10, n), [f"study {i}" for i in range(10)]),
}, index=[f"cell{i}" for i in range(n)])
adata = ad.AnnData(sp.csr_matrix((n, 5), dtype=np.float32), obs)
def balanced(**options):
    drawn = subsample_balanced(adata, "original_label", **options)
    return [drawn.n_obs, int(drawn.obs["original_label"].value_counts().max())]
"""
RUNS = {
    "proportional": "balanced()",
    "equal": "balanced(source_balance='equal')",
    "with target proportions": "balanced(target_proportions={'type 3': 0.0025, 'type 4': 0.01})",
}


def main() -> None:
    """Measure both strategies and another version; the largest type must have at most 5,000 cells."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rival")
    options = parser.parse_args()
    rows = {name: measure(CELLS, run) for name, run in RUNS.items()}
    if options.rival:
        rows |= {f"{name}, spatialcore 0.5.4": measure(CELLS, run, options.rival) for name, run in RUNS.items()}
    show("subsample_balanced: 1,000,000 cells, 100 types, 10 sources; result: cells drawn, largest type", rows)


if __name__ == "__main__":
    main()
