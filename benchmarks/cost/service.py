"""Overhead of the service compared with the library call, on a run of about a minute.

    python -m benchmarks.cost.service                    # 100,000 reference cells of 50 types, 100,000 to annotate

The library and the flow run the same configuration alternately, each in a new process with a new store, plots and
report; a Prefect server is running. CPU seconds are of the process and its children, and of the server during the run.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from anndata import AnnData

from benchmarks.cost.training import typed_counts
from deployments.processes import free_port
from deployments.serve import server_at, service_environment
from spatialcore.annotation.ontology.index import load_ontology_index
from spatialcore.annotation.run_config import RunConfig
from spatialcore.annotation.training.platform.simulate import thin_to_depths

DEPTH = 150.0
COMMANDS = {
    "library": [
        "-c",
        "import sys; from spatialcore.workflow.run import run, RunConfig; run(RunConfig.from_yaml(sys.argv[1]))",
    ],
    "service": ["-m", "flows.run"],
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=int, default=100_000, help="labelled cells")
    parser.add_argument("--query", type=int, default=100_000, help="cells to annotate")
    parser.add_argument("--genes", type=int, default=400)
    parser.add_argument("--types", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_data(folder, options)
        port = free_port()
        environment = service_environment(port, folder / "prefect") | {"HOME": str(folder)}
        (folder / "prefect").mkdir()
        with server_at(port, environment, folder / "server.log") as server:
            rows = [
                {runner: measure(runner, folder, environment, server.pid) for runner in COMMANDS}
                for _ in range(options.rounds)
            ]
    show(rows)


def write_data(folder: Path, options: argparse.Namespace) -> None:
    """Write a reference and a query of a shallower platform."""
    rng = np.random.default_rng(0)
    counts, kinds = typed_counts(options.reference + options.query, options.genes, options.types, 600, rng)
    names = sorted({str(term["name"]) for term in load_ontology_index()["cl"].values()})[:: 3000 // options.types]
    labels = np.array([names[int(kind.split()[1])] for kind in kinds])
    order = rng.permutation(len(labels))
    reference, query = order[: options.reference], order[options.reference :]
    genes = {"feature_name": [f"GENE{i}" for i in range(options.genes)]}
    data = AnnData(counts[reference], obs={"cell_type": labels[reference]}, var=genes)
    data.var_names = genes["feature_name"]
    data.write_h5ad(folder / "reference.h5ad")
    cells = AnnData(thin_to_depths(counts[query], np.array([DEPTH]), rng), var=genes)
    cells.var_names = genes["feature_name"]
    cells.obsm["spatial"] = rng.uniform(0, 5000, (len(query), 2))
    cells.write_h5ad(folder / "query.h5ad")


def measure(runner: str, folder: Path, environment: dict[str, str], server: int) -> dict[str, float]:
    """Run the configuration once with an empty store and return seconds."""
    store = tempfile.mkdtemp(dir=folder, prefix=f"{runner}-")
    content: dict[str, Any] = {"queries": [str(folder / "query.h5ad")], "references": [str(folder / "reference.h5ad")]}
    RunConfig.from_dict({**content, "store": store}).to_yaml(folder / "config.yaml")
    command = [sys.executable, *COMMANDS[runner], str(folder / "config.yaml")]
    before, server_before, start = _children(), cpu_seconds(server), time.perf_counter()
    process = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if process.returncode:
        sys.exit(process.stderr[-3000:])
    wall = time.perf_counter() - start
    return {"wall": wall, "CPU": _children() - before, "server's CPU": cpu_seconds(server) - server_before}


def show(rounds: list[dict[str, dict[str, float]]]) -> None:
    """Print the medians over the rounds and the overhead of the service."""
    print("| seconds | library | service | added |\n|---|---|---|---|")
    for key in ("CPU", "wall", "server's CPU"):
        library, service = (statistics.median(result[runner][key] for result in rounds) for runner in COMMANDS)
        added = "" if key.startswith("server") else f"{100 * (service / library - 1):+.1f} %"
        print(f"| {key} | {library:.1f} | {service:.1f} | {added} |")


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process and its children."""
    first = psutil.Process(pid)
    times = [process.cpu_times() for process in [first, *first.children(recursive=True)]]
    return float(sum(each.user + each.system for each in times))


if __name__ == "__main__":
    main()
