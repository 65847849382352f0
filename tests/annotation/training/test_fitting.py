"""The weights of reference cells, and how often each is measured."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.training.fitting import simulated_rows
from spatialcore.annotation.training.train import train_celltypist_model
from tests.annotation.conftest import as_adata, simulate
from tests.annotation.training.test_train import accuracy


def test_cells_of_small_classes_are_measured_more_often(rng: np.random.Generator) -> None:
    codes = np.repeat([0, 1, 2], [3, 10, 200])
    looks = np.bincount(simulated_rows(codes, rng), minlength=len(codes))
    assert [looks[codes == k].sum() for k in range(3)] == [60, 100, 400]
    assert looks.min() >= 2


@pytest.mark.parametrize(("types", "genes"), [(100, 150), (3, 5_000)])
def test_classes_of_ten_cells_are_distinguished(
    types: int, genes: int, rng: np.random.Generator, tmp_path: Path
) -> None:
    counts_of_query, truth, profiles = simulate(150, types, genes, 300, rng)
    types_of_cells = np.repeat(np.arange(types), 10)
    reference = as_adata(
        sparse.csr_matrix(rng.multinomial(1_000, profiles[types_of_cells]).astype(np.float32)), types_of_cells
    )
    query = as_adata(counts_of_query, truth, logged=False)
    path = tmp_path / "model.pkl"
    assert len(train_celltypist_model(reference, output_path=path, trainer="logistic", query=query)["classes"]) == types
    called = annotate_celltypist(query, custom_model_path=path, confidence_transform="calibrated")
    assert accuracy(called, np.array([f"type {kind}" for kind in truth])) > 0.9
