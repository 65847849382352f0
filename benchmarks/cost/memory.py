"""Peak memory and CPU seconds of annotating a sparse h5ad from disk in blocks.

python -m benchmarks.cost.memory --cells 2000000 10000000 --genes 400
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

from benchmarks.cost.speed import peak, random_counts, reset_peak
from spatialcore.annotation.model.artifact import CellTypingModel, save_model
from spatialcore.annotation.model.linear import Standardized

CHUNK = 200_000


def write_query(path: Path, n: int, genes: int, depth: float) -> None:
    """Write an h5ad of sparse counts chunk by chunk; one simulated chunk is repeated."""
    rng = np.random.default_rng(0)
    write_repeated(path, random_counts(CHUNK, genes, depth, rng), n, [f"G{i}" for i in range(genes)], rng)


def write_repeated(path: Path, chunk: sp.csr_matrix, n: int, names: list[str], rng: np.random.Generator) -> None:
    """Write an h5ad of n cells with coordinates, whose counts are those of ``chunk``, repeated."""
    import anndata

    shell = anndata.AnnData(obs=pd.DataFrame({"cell": np.arange(n, dtype=np.int32)}), var=pd.DataFrame(index=names))
    shell.obsm["spatial"] = rng.uniform(0, 10 * np.sqrt(n), (n, 2)).astype(np.float32)
    shell.write_h5ad(path)
    repeats = n // chunk.shape[0]
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csr_matrix", "encoding-version": "0.1.0", "shape": [n, len(names)]})
        for name, values in (("data", chunk.data.astype(np.float32)), ("indices", chunk.indices.astype(np.int32))):
            dataset = group.create_dataset(
                name, (len(values) * repeats,), values.dtype, chunks=(1_000_000,), compression="lzf"
            )
            for i in range(repeats):
                dataset[i * len(values) : (i + 1) * len(values)] = values
        steps = np.diff(chunk.indptr).astype(np.int64)
        group["indptr"] = np.concatenate([[0], np.cumsum(np.tile(steps, repeats))])


def annotate(path: Path, model: Path) -> None:
    """Annotate the file in this process and print CPU seconds and memory."""
    import anndata

    from spatialcore.annotation.annotate import annotate_celltypist

    adata = anndata.read_h5ad(path, backed="r")
    before, start = reset_peak(), time.process_time()
    annotate_celltypist(adata, custom_model_path=model, store_decision_scores=False)
    seconds, after = time.process_time() - start, peak()
    print(f"| {adata.n_obs:,} x {adata.n_vars} | {seconds:.0f} | {before / 1024**2:.2f} | {after / 1024**2:.2f} |")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, nargs="+", default=[2_000_000, 10_000_000], help="multiples of 200,000")
    parser.add_argument("--genes", type=int, default=400)
    parser.add_argument("--types", type=int, default=40)
    parser.add_argument("--depth", type=float, default=30.0)
    parser.add_argument("--run", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        annotate(*options.run)
        return
    rng = np.random.default_rng(0)
    shape = (options.types, options.genes)
    linear = Standardized(rng.normal(size=shape), rng.normal(size=shape[0]), np.full(shape[1], 0.5), np.ones(shape[1]))
    names = tuple(f"G{i}" for i in range(shape[1]))
    print(
        "| cells x genes | CPU s | memory with the query opened, GB | peak while annotating, GB |\n|---|---|---|---|",
        flush=True,
    )
    for n in options.cells:
        with tempfile.TemporaryDirectory() as folder:
            query, model = Path(folder) / "query.h5ad", Path(folder) / "model.pkl"
            save_model(CellTypingModel(tuple(f"T{i}" for i in range(shape[0])), names, linear), model)
            write_query(query, n, options.genes, options.depth)
            subprocess.run(
                [sys.executable, "-m", "benchmarks.cost.memory", "--run", str(query), str(model)], check=True
            )


if __name__ == "__main__":
    main()
