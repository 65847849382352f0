"""Hints for data without usable expression name a matrix of the data that can be used."""

from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.expression.data import InMemory
from spatialcore.annotation.expression.find import find_expression
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.errors import NormalizationError

COUNTS = np.random.default_rng(0).negative_binomial(2, 0.3, (200, 40)).astype(np.float32)
LOG1P = np.log1p(COUNTS / COUNTS.sum(axis=1, keepdims=True) * 1e4)


def scaled() -> ad.AnnData:
    """Return z-scores."""
    values = (LOG1P - LOG1P.mean(axis=0)) / LOG1P.std(axis=0)
    return ad.AnnData(values, var=pd.DataFrame(index=[f"GENE{i}" for i in range(40)]))


def with_layer(name: str, values: np.ndarray) -> ad.AnnData:
    adata = scaled()
    adata.layers[name] = values
    return adata


def corrected() -> ad.AnnData:
    """Return counts from which an ambient share was subtracted."""
    adata = scaled()
    adata.X = np.maximum(COUNTS - np.random.default_rng(1).uniform(0, 0.4, COUNTS.shape), 0).astype(np.float32) * 4
    return adata


@pytest.mark.parametrize(
    ("build", "hint"),
    [
        (lambda: with_layer("umi", COUNTS), "layers['umi'] has raw counts: rename it to layers['counts']"),
        (lambda: with_layer("logcounts", LOG1P), "layers['logcounts'] has log-transformed values: pass them as X"),
        (corrected, "corrected for ambient RNA"),
        (scaled, "provide raw counts"),
    ],
)
@pytest.mark.parametrize("name", ["", "ref.h5ad"])
def test_hints(build: Callable[[], ad.AnnData], hint: str, name: str, tmp_path: Path) -> None:
    adata = build()
    with pytest.raises(NormalizationError) as error:
        find_expression(InMemory(adata), name)
    assert hint in error.value.hint
    adata.write_h5ad(tmp_path / "a.h5ad")
    with AnnDataFile(tmp_path / "a.h5ad") as file, pytest.raises(NormalizationError) as of_file:
        find_expression(file, name)
    assert of_file.value.hint == error.value.hint
