"""The data of the latest results, by the cache key of their files."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import anndata as ad
import numpy as np
import pytest

from spatialcore.storage import StoredFile
from tasks.in_memory import QUERY, REFERENCES, LatestResult


@pytest.fixture
def cells() -> ad.AnnData:
    return ad.AnnData(np.ones((2, 3)), layers={"b": np.ones((2, 3)), "a": np.ones((2, 3))}, uns={"y": {"b": 1, "a": 2}})


def file_of(key: str) -> StoredFile:
    return StoredFile(uri=f"s3://lab/store/cache/{key}/query.h5ad", token="1", sha256="2", size=3)


def test_data_are_viewed_any_number_of_times_and_taken_once(cells: ad.AnnData) -> None:
    latest = LatestResult()
    latest.keep("read_query-9", cells)
    assert latest.view(file_of("read_query-9")) is latest.view(file_of("read_query-9")) is cells
    assert latest.take(file_of("read_query-9")) is cells
    assert latest.view(file_of("read_query-9")) is None
    assert latest.take(file_of("read_query-9")) is None


def test_only_the_latest_data_are_in_memory(cells: ad.AnnData) -> None:
    latest = LatestResult()
    assert latest.view(file_of("read_query-8")) is None
    latest.keep("read_query-8", cells.copy())
    latest.keep("read_query-9", cells)
    assert latest.take(file_of("read_query-8")) is None
    assert latest.view(file_of("read_query-9")) is cells


def test_of_several_threads_one_takes_the_data(cells: ad.AnnData) -> None:
    latest = LatestResult()
    latest.keep("annotate-1", cells)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: latest.take(file_of("annotate-1")), range(64)))
    assert [adata for adata in taken if adata is not None] == [cells]


def test_mappings_are_in_the_order_of_the_file(cells: ad.AnnData) -> None:
    LatestResult().keep("annotate-1", cells)
    assert (list(cells.layers), list(cells.uns["y"])) == (["a", "b"], ["a", "b"])


def test_tasks_that_are_sent_to_another_process_use_its_memory() -> None:
    assert [pickle.loads(pickle.dumps(latest)) for latest in (QUERY, REFERENCES)] == [QUERY, REFERENCES]
