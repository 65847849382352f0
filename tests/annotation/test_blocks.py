"""Calls are the same for matrices in memory, h5ad, zarr and dask, with bounded memory."""

import os
import signal
from pathlib import Path

import anndata
import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist

Simulated = tuple[AnnData, AnnData, np.ndarray]
OPTIONS = {"confidence_transform": "calibrated", "min_confidence": 0.5}


@pytest.fixture(scope="module")
def expected(simulated: Simulated, trained: Path) -> AnnData:
    return annotate_celltypist(simulated[1], custom_model_path=trained, copy=True, **OPTIONS)


def assert_equal_calls(result: AnnData, expected: AnnData) -> None:
    assert (result.obs[columns.CELL_TYPE].astype(str) == expected.obs[columns.CELL_TYPE].astype(str)).all()
    np.testing.assert_allclose(result.obs[columns.CONFIDENCE], expected.obs[columns.CONFIDENCE], atol=1e-8)
    np.testing.assert_allclose(
        result.obsm[columns.DECISION_SCORES], expected.obsm[columns.DECISION_SCORES], atol=1e-8, rtol=0
    )


@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, lambda X: X.toarray()])
def test_a_backed_file_gives_the_same_calls(
    form: object, simulated: Simulated, trained: Path, expected: AnnData, tmp_path: Path
) -> None:
    AnnData(form(sparse.csr_matrix(simulated[1].X)), simulated[1].obs, simulated[1].var).write_h5ad(tmp_path / "q.h5ad")
    backed = anndata.read_h5ad(tmp_path / "q.h5ad", backed="r")
    assert_equal_calls(annotate_celltypist(backed, custom_model_path=trained, batch_size=77, **OPTIONS), expected)


def test_a_zarr_store_gives_the_same_calls(
    simulated: Simulated, trained: Path, expected: AnnData, tmp_path: Path
) -> None:
    AnnData(sparse.csr_matrix(simulated[1].X), simulated[1].obs, simulated[1].var).write_zarr(tmp_path / "q.zarr")
    lazy = anndata.experimental.read_lazy(str(tmp_path / "q.zarr"))
    opened = AnnData(lazy.X, simulated[1].obs.copy(), simulated[1].var.copy())
    assert_equal_calls(annotate_celltypist(opened, custom_model_path=trained, **OPTIONS), expected)


@pytest.mark.slow
def test_a_dask_cluster_gives_the_same_calls(simulated: Simulated, trained: Path, expected: AnnData) -> None:
    array = pytest.importorskip("dask.array")
    distributed = pytest.importorskip("dask.distributed")
    counts = array.from_array(np.asarray(simulated[1].X.todense()), chunks=(150, 40)).map_blocks(sparse.csr_matrix)
    query = AnnData(counts, simulated[1].obs.copy(), simulated[1].var.copy())
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    with cluster, distributed.Client(cluster):
        result = annotate_celltypist(query, custom_model_path=trained, **OPTIONS)
    assert_equal_calls(result, expected)


@pytest.mark.slow
def test_calls_are_the_same_if_a_worker_is_killed(
    simulated: Simulated, trained: Path, expected: AnnData, tmp_path: Path
) -> None:
    array = pytest.importorskip("dask.array")
    distributed = pytest.importorskip("dask.distributed")
    this_process = os.getpid()

    def kill_worker(block: np.ndarray) -> sparse.csr_matrix:
        """Return a block; the worker that reads the fourth block is killed."""
        if os.getpid() != this_process and block.size:
            reads = len(list(tmp_path.glob("read-*")))
            (tmp_path / f"read-{reads}-{os.getpid()}").touch()
            if reads == 3:
                os.kill(os.getpid(), signal.SIGKILL)
        return sparse.csr_matrix(block)

    counts = array.from_array(np.asarray(simulated[1].X.todense()), chunks=(60, 40))
    query = AnnData(
        counts.map_blocks(kill_worker, dtype=counts.dtype, meta=sparse.csr_matrix((0, 0))),
        simulated[1].obs.copy(),
        simulated[1].var.copy(),
    )
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    )
    with cluster, distributed.Client(cluster):
        result = annotate_celltypist(query, custom_model_path=trained, **OPTIONS)
    assert len({path.name.split("-")[-1] for path in tmp_path.glob("read-*")}) > 1
    assert any(path.name.startswith("read-4-") for path in tmp_path.glob("read-*")), "no worker was killed"
    assert_equal_calls(result, expected)


def test_cells_with_counts_shuffled_over_genes_are_unassigned(simulated: Simulated, trained: Path) -> None:
    noise = simulated[1].copy()
    noise.X = sparse.csr_matrix(np.random.default_rng(0).permuted(noise.X.toarray(), axis=1))
    annotate_celltypist(noise, custom_model_path=trained, confidence_transform="calibrated")
    assert (noise.obs[columns.CONFIDENCE] >= 0.8).mean() < 0.05


def test_a_query_of_two_distinct_types_is_called(simulated: Simulated, tmp_path: Path) -> None:
    from spatialcore.annotation.training.train import train_celltypist_model

    two = simulated[0][simulated[0].obs[columns.UNIFIED_CELL_TYPE].isin(["type 0", "type 1"])].copy()
    chosen = np.isin(simulated[2], ["type 0", "type 1"])
    query = simulated[1][chosen].copy()
    train_celltypist_model(two, output_path=tmp_path / "two.pkl", trainer="logistic", query=query)
    annotate_celltypist(
        query, custom_model_path=tmp_path / "two.pkl", confidence_transform="calibrated", min_confidence=0.8
    )
    called = query.obs[columns.CELL_TYPE].astype(str).to_numpy()
    assert (called != columns.UNASSIGNED).mean() > 0.9
    assert (called == simulated[2][chosen]).mean() > 0.9
