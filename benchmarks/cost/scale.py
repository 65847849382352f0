"""CPU seconds and peak memory of the whole run at several sizes, compared with other versions of the package.

For each size, two labelled references and a query with coordinates are written, then ``run(config)`` runs in a new
process, including plots and report. ``--versions`` are other checkouts, which run on the same files with the same
interpreter.

    python -m benchmarks.cost.scale                                          the sizes of continuous integration
    python -m benchmarks.cost.scale --sizes million wide --versions ../before
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from scipy import sparse

from benchmarks.cost.memory import write_repeated
from spatialcore.annotation.ontology.index import load_ontology_index

CODE = """
import sys
from spatialcore.annotation.run_config import RunConfig
try:
    from spatialcore.workflow.run import run
except ImportError:  # versions before the package workflow
    from spatialcore.run import run
run(RunConfig.from_yaml(sys.argv[1]))
status = open("/proc/self/status").read()  # not ru_maxrss, which begins at the memory of the calling process
print("PEAK", int(status.split("VmHWM:")[1].split()[0]) / 1024**2)
"""


@dataclass(frozen=True)
class Size:
    """Cells, genes and types of a run; ``depth``: mean counts per query cell, ``repeated``: distinct cells."""

    reference_cells: int
    reference_genes: int
    cells: int
    genes: int
    types: int
    depth: float
    repeated: int


SIZES = {
    "small": Size(10_000, 2_000, 20_000, 400, 20, 120, 20_000),
    "usual": Size(50_000, 19_500, 200_000, 400, 30, 120, 200_000),
    "million": Size(50_000, 19_500, 1_000_000, 400, 30, 120, 200_000),
    "ten-million": Size(50_000, 19_500, 10_000_000, 400, 30, 138, 200_000),
    "wide": Size(20_000, 20_000, 250_000, 5_000, 31, 600, 50_000),
    "transcriptome": Size(20_000, 20_000, 320_000, 18_000, 40, 3_000, 20_000),
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["small"])
    parser.add_argument("--versions", nargs="*", type=Path, default=[], help="other checkouts")
    parser.add_argument("--data", type=Path, help="folder that keeps the files for the next call")
    parser.add_argument("--set", default="{}", help="further settings of the run, as JSON")
    options = parser.parse_args()
    print("| size | version | CPU s | peak, GB |\n|---|---|---|---|", flush=True)
    for name in options.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            folder = (options.data or Path(scratch)) / name
            write_files(folder, SIZES[name])
            for checkout in [*options.versions, Path.cwd()]:
                cpu, peak = measure(checkout, folder, json.loads(options.set))
                print(f"| {name} | {checkout.name} | {cpu:.1f} | {peak:.2f} |", flush=True)


def write_files(folder: Path, size: Size) -> None:
    """Write two references and a query, unless the folder has them."""
    if (folder / "query.h5ad").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    names = sorted({str(term["name"]) for term in load_ontology_index()["cl"].values()})[:: 3000 // size.types]
    profiles = rng.lognormal(0, 1.5, (1, size.reference_genes)) * rng.lognormal(
        0, 1.0, (size.types, size.reference_genes)
    )
    for source in ("atlas_a", "atlas_b"):
        types = rng.integers(0, size.types, size.reference_cells)
        data = AnnData(draw(profiles, types, 3000, rng), obs=pd.DataFrame({"cell_type": np.array(names)[types]}))
        data.obs_names, data.var_names = [f"{source}-{i}" for i in range(data.n_obs)], gene_names(size.reference_genes)
        data.write_h5ad(folder / f"{source}.h5ad", compression="lzf")
    panel = np.sort(rng.choice(size.reference_genes, size.genes, replace=False))
    efficiency = rng.lognormal(0, 0.5, size.genes)
    types = rng.integers(0, size.types, size.repeated)
    counts = draw(profiles[:, panel] * efficiency, types, size.depth, rng)
    write_repeated(folder / "query.h5ad", counts, size.cells, [gene_names(size.reference_genes)[i] for i in panel], rng)


def gene_names(n: int) -> list[str]:
    """Return gene names that belong to no species."""
    return [f"GENE{i}" for i in range(n)]


def draw(profiles: np.ndarray, types: np.ndarray, depth: float, rng: np.random.Generator) -> sparse.csr_matrix:
    """Draw counts of cells of the given types; depths are log-normal."""
    depths = rng.poisson(depth * rng.lognormal(-0.08, 0.4, len(types)))
    genes = np.empty(int(depths.sum()), np.int32)
    ends = np.cumsum(depths)
    for kind, profile in enumerate(profiles):
        cumulative = np.cumsum(profile) / profile.sum()
        rows = np.flatnonzero(types == kind)
        drawn = np.searchsorted(cumulative, rng.random(int(depths[rows].sum())))
        genes[np.concatenate([np.arange(ends[i] - depths[i], ends[i]) for i in rows])] = drawn
    cells = np.repeat(np.arange(len(types), dtype=np.int32), depths)
    shape = (len(types), profiles.shape[1])
    return sparse.coo_matrix((np.ones(len(genes), np.float32), (cells, genes)), shape=shape).tocsr()


def measure(checkout: Path, folder: Path, settings: dict[str, object]) -> tuple[float, float]:
    """Run once in a new process; return CPU seconds and peak memory in GB."""
    with tempfile.TemporaryDirectory(dir=folder) as store:
        config = Path(store) / "config.yaml"
        content = {
            "queries": [str(folder / "query.h5ad")],
            "references": [str(folder / f"{name}.h5ad") for name in ("atlas_a", "atlas_b")],
            "store": f"{store}/results",
            "tissue": "unknown",
            **settings,
        }
        config.write_text(json.dumps(content))
        command = [sys.executable, "-c", CODE, str(config)]
        environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
        with (folder / f"{checkout.name}.log").open("w") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=store)
            _, status, usage = os.wait4(process.pid, 0)
    output = (folder / f"{checkout.name}.log").read_text()
    if status:
        sys.exit(output[-3000:])
    return usage.ru_utime + usage.ru_stime, float(output.rsplit("PEAK", 1)[1])


if __name__ == "__main__":
    main()
