"""CPU seconds and additional memory of scoring, compared with celltypist.annotate.

    python -m benchmarks.cost.speed                 # 200,000 x 400 x 40
    python -m benchmarks.cost.speed --cells 20000 --genes 5000 --depth 600

Both get the same AnnData (log1p(10k), CSR, genes of unequal abundance) and the same model; their results are compared.
They run alternately, each in a new process whose memory peak is reset before the measurement.
"""

import argparse
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.model.artifact import CellTypingModel, load_model, save_model
from spatialcore.annotation.model.linear import Standardized
from spatialcore.core.normalization import log1p_normalize


def random_counts(n: int, genes: int, depth: float, rng: np.random.Generator) -> sparse.csr_matrix:
    """Return sparse counts of `depth` per cell, genes of unequal abundance."""
    draws = rng.poisson(depth, n)
    shares = rng.lognormal(0, 1.6, size=genes)
    edges = np.cumsum(shares) / shares.sum()
    genes_of_counts = np.searchsorted(edges, rng.random(int(draws.sum())))
    rows = np.repeat(np.arange(n), draws)
    counts = sparse.csr_matrix(
        (np.ones(len(rows), np.float32), (rows, genes_of_counts.clip(max=genes - 1))), shape=(n, genes)
    )
    counts.sum_duplicates()
    return counts


def make_case(folder: Path, n: int, genes: int, types: int, depth: float) -> None:
    """Write a query and a model."""
    rng = np.random.default_rng(0)
    X = log1p_normalize(random_counts(n, genes, depth, rng), 1e4)
    names = tuple(f"G{i}" for i in range(genes))
    sample = X[:2000].toarray().astype(np.float64)
    linear = Standardized(rng.normal(size=(types, genes)), rng.normal(size=types), sample.mean(0), sample.std(0) + 0.1)
    save_model(CellTypingModel(tuple(f"T{i:02}" for i in range(types)), names, linear), folder / "model.pkl")
    query = AnnData(X)
    query.var_names = list(names)
    query.write_h5ad(folder / "query.h5ad")


def run(tool: str, folder: Path) -> dict[str, Any]:
    """Annotate in this process, save the result, and return CPU seconds and peak memory above the loaded query."""
    import anndata
    import celltypist

    from spatialcore.annotation.annotate import annotate_celltypist

    warnings.simplefilter("ignore")
    logging.getLogger("celltypist").setLevel(logging.ERROR)
    adata, path = anndata.read_h5ad(folder / "query.h5ad"), folder / "model.pkl"
    annotate_celltypist(adata[:100].copy(), custom_model_path=path)  # imports and warm-up
    load_model(path)
    before, start = reset_peak(), time.process_time()
    if tool == "celltypist":
        result = celltypist.annotate(adata, model=str(path))
        seconds, after = time.process_time() - start, peak()
        scores, labels = result.decision_matrix.to_numpy(), result.predicted_labels["predicted_labels"].astype(str)
    else:
        annotate_celltypist(adata, custom_model_path=path, min_confidence=0, store_decision_scores=tool == "scores")
        seconds, after = time.process_time() - start, peak()
        scores = adata.obsm.get(columns.DECISION_SCORES, np.zeros(0))
        labels = adata.obs[columns.PREDICTED].astype(str)
    np.savez(folder / f"{tool}.npz", scores=scores, labels=labels.to_numpy().astype(str))
    return {"tool": tool, "cpu_seconds": seconds, "extra_mb": (after - before) / 1024}


def reset_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """Return the process's largest resident memory since the reset, in kB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def compare(n: int, genes: int, types: int, depth: float, rounds: int) -> dict[str, Any]:
    """Run the tools alternately on one case; return median costs and the differences of their results."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_case(folder, n, genes, types, depth)
        runs: dict[str, list[dict[str, Any]]] = {tool: [] for tool in ("celltypist", "scores", "calls")}
        for tool in list(runs) * rounds:
            command = [sys.executable, "-m", "benchmarks.cost.speed", "--run", tool, "--folder", name]
            process = subprocess.run(command, capture_output=True, text=True, check=True)
            runs[tool].append(json.loads(process.stdout.splitlines()[-1]))
        result: dict[str, Any] = {
            tool: {key: statistics.median(run[key] for run in rows) for key in ("cpu_seconds", "extra_mb")}
            for tool, rows in runs.items()
        }
        expected, actual = np.load(folder / "celltypist.npz"), np.load(folder / "scores.npz")
        result["difference"] = float(np.abs(expected["scores"] - actual["scores"]).max())
        result["labels_differing"] = int((expected["labels"] != actual["labels"]).sum())
    return result


def report(result: dict[str, Any], size: str) -> str:
    """Return the case as rows of a markdown table."""
    slow = result["celltypist"]["cpu_seconds"]
    names = {"celltypist": "celltypist.annotate", "scores": "annotate_celltypist", "calls": "the same, scores not kept"}
    lines = ["| size | tool | CPU s | times faster | extra memory, MB |", "|---|---|---|---|---|"]
    for tool, name in names.items():
        cost = result[tool]
        lines.append(
            f"| {size} | {name} | {cost['cpu_seconds']:.2f} | {slow / cost['cpu_seconds']:.1f} "
            f"| {cost['extra_mb']:.0f} |"
        )
    lines.append(f"\nLargest difference {result['difference']:.1e}; labels that differ: {result['labels_differing']}.")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=200_000)
    parser.add_argument("--genes", type=int, default=400)
    parser.add_argument("--types", type=int, default=40)
    parser.add_argument("--depth", type=float, default=150, help="counts per cell")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--run", choices=("celltypist", "scores", "calls"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run(options.run, options.folder)))
        return
    size = f"{options.cells:,} x {options.genes:,} x {options.types}, {options.depth:.0f} counts"
    print(report(compare(options.cells, options.genes, options.types, options.depth, options.rounds), size))


if __name__ == "__main__":
    main()
