"""Samples of a sheet are annotated on a dask cluster, with the results in one store."""

import os
import signal
from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd
import pytest
from distributed import Client, LocalCluster, WorkerPlugin

from flows.train_and_annotate import train_and_annotate
from tasks.stage_cache import local
from tests.flows.conftest import blood_config


@pytest.mark.slow
def test_many_samples_are_annotated_by_a_cluster(blood: Path, tmp_path: Path, computed_stages: list[str]) -> None:
    queries = [{"uri": str(write_query_without(10 * n, blood, tmp_path)), "sample": f"sample {n}"} for n in range(2)]
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        dask = {"task_runner": "dask", "dask_address": cluster.scheduler_address}
        on_cluster = train_and_annotate(blood_config(blood, tmp_path / "dask", queries=queries, **dask))
    assert "train" in computed_stages
    assert "annotate" not in computed_stages, "this process annotated a sample"
    in_threads = train_and_annotate(blood_config(blood, tmp_path / "threads", queries=queries))
    assert [sample.sample for sample in on_cluster.samples] == [query["sample"] for query in queries]
    for samples in zip(in_threads.samples, on_cluster.samples, strict=True):
        pd.testing.assert_frame_equal(*(pd.read_parquet(local(sample.files["calls.parquet"])) for sample in samples))


class KillOnce(WorkerPlugin):
    """Kill the first worker whose annotation has run for half a second (SIGKILL)."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "killed"

    def setup(self, worker: Any) -> None:
        self.worker = worker

    def transition(self, key: str, start: str, finish: str, **_: object) -> None:
        if finish == "executing" and str(key).startswith("annotate"):
            self.worker.loop.call_later(0.5, self.kill, key)

    def kill(self, key: str) -> None:
        if self.worker.state.tasks[key].state != "executing" or self.mark.exists():
            return
        self.mark.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_the_work_of_a_killed_worker_is_repeated_by_another(blood: Path, tmp_path: Path) -> None:
    queries = [{"uri": str(write_query_without(10 * n, blood, tmp_path)), "sample": f"sample {n}"} for n in range(3)]
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")
    with cluster, Client(cluster) as client:
        client.register_plugin(KillOnce(tmp_path), name="kill once")
        dask = {"task_runner": "dask", "dask_address": cluster.scheduler_address}
        on_cluster = train_and_annotate(blood_config(blood, tmp_path / "dask", queries=queries, **dask))
    assert (tmp_path / "killed").exists(), "no worker was killed"
    in_threads = train_and_annotate(blood_config(blood, tmp_path / "threads", queries=queries))
    assert [sample.sample for sample in on_cluster.samples] == [query["sample"] for query in queries]
    for samples in zip(in_threads.samples, on_cluster.samples, strict=True):
        pd.testing.assert_frame_equal(*(pd.read_parquet(local(sample.files["calls.parquet"])) for sample in samples))


def write_query_without(cells: int, source: Path, folder: Path) -> Path:
    """Write a query without the first cells, so that samples differ."""
    target = folder / f"query_{cells}.h5ad"
    ad.read_h5ad(source / "query.h5ad")[cells:].write_h5ad(target)
    return target
