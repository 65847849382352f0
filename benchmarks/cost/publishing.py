"""Time to publish and summarise a run of many samples on an S3 server (moto) and a Prefect server.

    python -m benchmarks.cost.publishing                 # 200 samples of 14 files each

Both ways copy the same files: with sequential requests, and as the tasks do. The files are small, because the time of a
copy within a store hardly depends on the size. The servers are processes on the same machine; their CPU seconds are
listed separately.
"""

import argparse
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from prefect import flow
from prefect.settings import PREFECT_API_URL, temporary_settings

from benchmarks.cost.service import cpu_seconds
from deployments.processes import free_port
from deployments.serve import server_at, service_environment
from spatialcore import storage
from spatialcore.annotation.run_config import RunConfig
from spatialcore.registry import ModelVersion
from spatialcore.report.sample_summary import FILE, SampleSummary
from spatialcore.storage import StoredFile
from tasks import artifacts, publish_run
from tasks.schemas import AnnotatedSample, RunManifest, Sample, SamplePlots
from tests.contract.servers import BUCKET, KEY, SECRET, running

COMPOSITION = {f"cell type {number}": 1000 - number for number in range(30)}
FIGURES = ("deg_heatmap", "2d_validation", "confidence", "ontology_mapping")
PLOTS = ("report.html", *(f"plots/celltyping_{name}.{suffix}" for name in FIGURES for suffix in ("png", "csv")))
OUTPUT = ("annotated.h5ad", "calls.parquet", "cell_groups.csv", FILE)
WAYS = {"one request after another": (1, 1), "as published": (publish_run.PARALLEL_COPIES, artifacts.PARALLEL_REQUESTS)}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    options = parser.parse_args()
    print("| | wall s | CPU s | CPU s of the S3 server | CPU s of Prefect's server |\n|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as name, servers(Path(name)) as pids:
        for number, (way, (copies, requests)) in enumerate(WAYS.items()):
            publish_run.PARALLEL_COPIES, artifacts.PARALLEL_REQUESTS = copies, requests
            run(way, RunConfig.from_dict(settings(f"s3://{BUCKET}/store{number}")), options.samples, pids)


def settings(store: str) -> dict[str, object]:
    """Return a configuration; queries and references are not read."""
    return {"tissue": "lung", "queries": ["query.h5ad"], "references": ["reference.h5ad"], "store": store}


def run(way: str, config: RunConfig, count: int, servers: list[int]) -> None:
    """Publish and summarise a run, and print a row for each."""
    samples = [sample_of(config.store, f"patient {number}") for number in range(count)]
    model = StoredFile(uri=f"{config.store}/models/lung/v/lung.pkl", token="1", sha256="0", size=1)
    version = ModelVersion(
        tissue="lung", version="v", uri="", published=datetime.now(UTC), artifact="lung.pkl", files=(model,)
    )

    @flow(name="publish", validate_parameters=False)
    def publish_and_summarise() -> None:
        with measured(f"publish, {way}", servers):
            manifest: RunManifest = publish_run.publish_run(config, [], version, samples)
        with measured(f"summarise, {way}", servers):
            artifacts.summarise(manifest)

    publish_and_summarise()


def sample_of(store: str, name: str) -> Sample:
    """Store the files of a sample."""
    summary = SampleSummary(
        n_cells=30_000,
        n_called=28_000,
        composition=COMPOSITION,
        reasons={"low_confidence": 2000},
        median_confidence=0.9,
        median_counts=200.0,
        gene_shares={f"GENE{number}": 0.0025 for number in range(400)},
    )
    contents = {FILE: summary.model_dump_json().encode()} | dict.fromkeys(artifacts.SHOWN, picture())
    files = {
        each: storage.put_bytes(contents.get(each, f"{name} {each}".encode()), f"{store}/cache/{name}/{each}")
        for each in (*OUTPUT, *PLOTS)
    }
    facts = {"sample": name, "source": name, "n_obs": 30_000, "n_assigned": 28_000, "composition": COMPOSITION}
    return (
        AnnotatedSample(phase="", key="", facts=facts, files={each: files[each] for each in OUTPUT}),
        SamplePlots(phase="", key="", files={each: files[each] for each in PLOTS}),
    )


@cache
def picture() -> bytes:
    """Return a plot as PNG."""
    from PIL import Image

    values = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    stream = BytesIO()
    Image.fromarray(values).resize((1600, 1200)).save(stream, format="PNG")
    return stream.getvalue()


@contextmanager
def servers(folder: Path) -> Iterator[list[int]]:
    """Run an S3 server and a Prefect server, use them in this process, and yield their process ids."""
    s3, port = f"http://127.0.0.1:{free_port()}", free_port()
    names = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ |= {**names, "AWS_ENDPOINT_URL": s3}
    environment = service_environment(port, folder)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", s3.rpartition(":")[2]]
    with running(command, s3) as storage_server, server_at(port, environment, folder / "server.log") as server:
        urllib.request.urlopen(urllib.request.Request(f"{s3}/{BUCKET}", method="PUT"), timeout=10).close()
        with temporary_settings({PREFECT_API_URL: environment["PREFECT_API_URL"]}):
            yield [storage_server.pid, server.pid]


@contextmanager
def measured(title: str, servers: list[int]) -> Iterator[None]:
    """Print wall seconds of the block, and CPU seconds of this process and of the servers."""
    before, start, cpu = [cpu_seconds(pid) for pid in servers], time.perf_counter(), time.process_time()
    yield
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    used = [cpu_seconds(pid) - start_cpu for pid, start_cpu in zip(servers, before, strict=True)]
    print("|".join(["", title, *(f" {value:.1f} " for value in (wall, cpu, *used)), ""]), flush=True)


if __name__ == "__main__":
    main()
