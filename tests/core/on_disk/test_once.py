"""Expression is searched once for matrices in a file, and each time for matrices in memory."""

import numpy as np
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore.core.on_disk.once import once_per_file
from spatialcore.io import on_disk


@pytest.fixture
def opened(tmp_path, monkeypatch):
    monkeypatch.setattr(on_disk, "LARGE", 1)
    path = tmp_path / "cells.h5ad"
    AnnData(sparse.csr_matrix(np.eye(4, dtype=np.float32))).write_h5ad(path)
    return on_disk.open_anndata(path)


def calls_of(adata):
    calls = []
    for _ in range(2):
        once_per_file(adata, lambda: calls.append(1))
    return len(calls)


def test_a_file_is_searched_once(opened):
    assert calls_of(opened) == 1


def test_a_renamed_gene_requires_a_new_search(opened):
    once_per_file(opened, lambda: None)
    opened.var_names = ["A", "B", "C", "D"]
    assert calls_of(opened) == 1
    assert calls_of(opened) == 0


def test_a_layer_in_memory_is_searched_again(opened):
    opened.layers["counts"] = sparse.csr_matrix(np.eye(4))
    assert calls_of(opened) == 2


def test_memory_is_searched_again():
    assert calls_of(AnnData(np.eye(2))) == 2
