"""The pickle is a CellTypist model: CellTypist reads it, and models of CellTypist are read."""

from pathlib import Path
from typing import Any

import celltypist
import numpy as np
import pytest
from anndata import AnnData
from celltypist.models import Model
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.model.celltypist_format import EXTRA_KEY, as_celltypist, model_parts
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import ModelError
from tests.annotation.conftest import simulate
from tests.annotation.model.test_celltyping_model import small_model

Simulated = tuple[AnnData, AnnData, np.ndarray]
PATH = Path("model.pkl")


@pytest.mark.parametrize("fixture", ["trained", "recipe"])
def test_stock_celltypist_loads_the_artifact_and_gives_the_same_labels(
    fixture: str, simulated: Simulated, request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(fixture)
    model = load_model(path)
    query = AnnData(
        log1p_normalize(sparse.csr_matrix(simulated[1].X), model.target_sum),
        simulated[1].obs.copy(),
        simulated[1].var.copy(),
    )
    stock = celltypist.annotate(query, model=str(path)).predicted_labels["predicted_labels"].astype(str)
    result = annotate_celltypist(simulated[1], custom_model_path=path, copy=True).obs[columns.PREDICTED].astype(str)
    assert (stock.to_numpy() == result.to_numpy()).all()


def test_every_part_is_restored(trained: Path) -> None:
    model = load_model(trained)
    parts = model_parts(as_celltypist(model), {}, PATH)
    assert parts["classes"] == model.classes
    assert parts["genes"] == model.genes
    assert parts["target_sum"] == model.target_sum
    assert parts["calibration"] == model.calibration
    np.testing.assert_array_equal(parts["linear"].coef, model.linear.coef)
    np.testing.assert_array_equal(parts["auxiliary"].scale, model.auxiliary.scale if model.auxiliary else None)
    np.testing.assert_array_equal(parts["profiles"], model.profiles)


def test_a_model_that_celltypist_trained_is_read(rng: np.random.Generator) -> None:
    counts, types, _ = simulate(200, 3, 30, 500, rng)
    X = log1p_normalize(counts, 1e4)
    genes = [f"G{i}" for i in range(30)]
    model: Model = celltypist.train(
        X, np.array([f"type {t}" for t in types]), genes, check_expression=False, use_SGD=True, random_state=0
    )
    content = {"Model": model.classifier, "Scaler_": model.scaler, "description": model.description}
    parts = model_parts(content, {"ontology_ids": {"type 0": "CL:0000236"}}, PATH)
    assert parts["classes"] == ("type 0", "type 1", "type 2")
    assert parts["ontology_ids"] == {"type 0": "CL:0000236"}
    assert parts["calibration"] is None
    used = X[:, [genes.index(gene) for gene in parts["genes"]]]
    scaled = np.minimum(model.scaler.transform(used.toarray()), 10)
    scores = parts["linear"].on_genes().scores(used)
    np.testing.assert_allclose(scores, model.classifier.decision_function(scaled), rtol=1e-4, atol=1e-3)


def damaged(**changes: Any) -> dict[str, Any]:
    content = as_celltypist(small_model())
    for name, value in changes.items():
        if value is None:
            delattr(content["Model"], name)
        else:
            setattr(content["Model" if hasattr(content["Model"], name) else "Scaler_"], name, value)
    return content


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": None}, "lacks a part of a CellTypist model"),
        ({"coef_": np.ones((3, 7))}, r"coefficients \(3, 7\) do not fit 3 classes and 2 genes"),
        ({"coef_": np.full((3, 2), np.nan)}, "not finite positive numbers"),
        ({"scale_": np.zeros(2)}, "not finite positive numbers"),
    ],
)
def test_damaged_models_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        model_parts(damaged(**changes), {}, PATH)


def test_the_same_model_gives_the_same_description() -> None:
    content = as_celltypist(small_model())
    assert content["description"]["date"] == ""
    assert content["description"]["number_celltypes"] == 3
    assert content[EXTRA_KEY]["ontology_ids"]["T cell"] == "CL:0000084"
