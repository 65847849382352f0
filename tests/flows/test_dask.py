"""A sample sheet goes over a dask cluster: other processes annotate, the store brings the results together."""

from pathlib import Path

import anndata as ad
import pandas as pd
import pytest

from flows.train_and_annotate import train_and_annotate
from tasks.stage_cache import local
from tests.flows.conftest import blood_config


@pytest.mark.slow
def test_many_samples_are_annotated_by_a_cluster(blood: Path, tmp_path: Path, computed: list[str]) -> None:
    distributed = pytest.importorskip("distributed", reason="dask is not installed")
    queries = [{"uri": str(without_first(10 * n, blood, tmp_path)), "sample": f"sample {n}"} for n in range(2)]
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        dask = {"task_runner": "dask", "dask_address": cluster.scheduler_address}
        on_cluster = train_and_annotate(blood_config(blood, tmp_path / "dask", queries=queries, **dask))
    assert "train" in computed
    assert "annotate" not in computed, "the cluster's processes annotate, not this one"
    in_threads = train_and_annotate(blood_config(blood, tmp_path / "threads", queries=queries))
    assert [sample.sample for sample in on_cluster.samples] == [query["sample"] for query in queries]
    for pair in zip(in_threads.samples, on_cluster.samples, strict=True):
        pd.testing.assert_frame_equal(*(pd.read_parquet(local(sample.files["calls.parquet"])) for sample in pair))


def without_first(cells: int, source: Path, folder: Path) -> Path:
    """Write a query that lacks the first cells, so that no two samples are the same."""
    target = folder / f"query_{cells}.h5ad"
    ad.read_h5ad(source / "query.h5ad")[cells:].write_h5ad(target)
    return target
