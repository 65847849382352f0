"""CPU seconds of training: logistic regression with calibration, and CellTypist's SGD, on the same cells.

python -m benchmarks.cost.training --cells 100000 --genes 400 --types 30
"""

import argparse
import logging
import time
import warnings

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.training.platform.simulate import thin_to_depths
from spatialcore.annotation.training.train import train_celltypist_model
from spatialcore.core.normalization import log1p_normalize


def typed_counts(
    n: int, genes: int, types: int, depth: float, rng: np.random.Generator
) -> tuple[sparse.csr_matrix, list[str]]:
    """Return simulated counts of cells with type-specific profiles, and their types."""
    base = rng.lognormal(0, 1.6, genes)
    codes = np.sort(rng.integers(0, types, n))
    blocks = []
    for kind in range(types):
        shares = base * rng.lognormal(0, 1.0, genes)
        size = int((codes == kind).sum())
        blocks.append(sparse.csr_matrix(rng.poisson(depth * shares / shares.sum(), (size, genes)).astype(np.float32)))
    return sparse.vstack(blocks, format="csr"), [f"type {kind:02}" for kind in codes]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=400)
    parser.add_argument("--types", type=int, default=30)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("celltypist").setLevel(logging.ERROR)
    rng = np.random.default_rng(0)
    counts, labels = typed_counts(options.cells, options.genes, options.types, 600, rng)
    obs = pd.DataFrame({columns.UNIFIED_CELL_TYPE: labels}, index=np.arange(len(labels)).astype(str))
    reference = AnnData(log1p_normalize(counts, 1e4), obs, pd.DataFrame(index=[f"G{i}" for i in range(options.genes)]))
    reference.layers[columns.COUNTS] = counts
    rows = np.sort(rng.choice(options.cells, min(20_000, options.cells), replace=False))
    query = AnnData(thin_to_depths(counts[rows], np.array([150.0]), rng), var=reference.var.copy())
    print("| trainer | CPU s |\n|---|---|")
    for trainer, target in (("celltypist", None), ("logistic", query)):
        start = time.process_time()
        train_celltypist_model(reference, trainer=trainer, query=target)  # type: ignore[arg-type]
        print(f"| {trainer} | {time.process_time() - start:.1f} |", flush=True)


if __name__ == "__main__":
    main()
