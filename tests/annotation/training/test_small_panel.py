"""The warning for panels of few genes lists the types that the panel confuses."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import train_celltypist_model
from spatialcore.annotation.training.small_panel import (
    MAX_PAIRS,
    confuses_types,
    few_genes_warning,
    small_panel_warning,
)

CLASSES = ("Astro", "OPC", "Oligo")
CONFUSION = [[50, 0, 0], [0, 30, 20], [1, 15, 34]]


def test_only_confused_pairs_are_named() -> None:
    text = small_panel_warning(16, {"confusion": CONFUSION}, CLASSES)
    assert "16 genes" in text
    assert "OPC and Oligo (35 %)" in text
    assert "Astro" not in text


@pytest.mark.parametrize(
    ("n_genes", "confusion", "warns"),
    [(99, CONFUSION, True), (100, CONFUSION, False), (40, np.diag([9, 9, 9]), False), (29, np.diag([9, 9, 9]), True)],
)
def test_conditions_of_the_warning(n_genes: int, confusion: list[list[int]], warns: bool) -> None:
    assert bool(small_panel_warning(n_genes, {"confusion": np.array(confusion).tolist()}, CLASSES)) == warns


def test_without_held_out_cells_the_size_alone_decides() -> None:
    assert small_panel_warning(16, {}, CLASSES) == "The model has 16 genes: small panels separate few types."


@pytest.mark.parametrize(
    ("n_genes", "confusion", "expected"),
    [(29, CONFUSION, True), (30, CONFUSION, False), (16, np.diag([9, 9, 9]), False)],
)
def test_which_models_confuse_types(n_genes: int, confusion: list[list[int]], expected: bool) -> None:
    assert confuses_types(n_genes, {"confusion": np.array(confusion).tolist()}, CLASSES) == expected
    assert not confuses_types(n_genes, {}, CLASSES)


def test_many_pairs_are_counted() -> None:
    classes = tuple(f"type {i}" for i in range(7))
    text = small_panel_warning(20, {"confusion": np.ones((7, 7)).tolist()}, classes)
    assert f"and {21 - MAX_PAIRS} more pairs" in text


def test_training_logs_the_warning(caplog: pytest.LogCaptureFixture) -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(2, (120, 4)).astype(np.float32)
    obs = pd.DataFrame({"unified_cell_type": ["OPC", "Oligo"] * 60}, index=[f"c{i}" for i in range(120)])
    reference = ad.AnnData(counts, obs, pd.DataFrame(index=["Plp1", "Mog", "Pdgfra", "Olig1"]))
    train_celltypist_model(reference, trainer="logistic")
    assert "OPC and Oligo" in caplog.text


@pytest.mark.parametrize(
    ("n_genes", "f1", "words"),
    [
        (300, {"B cell": 0.9}, []),
        (300, {"B cell": 0.1, "T cell": 0.9}, ["B cell (F1 0.10)"]),
        (80, {}, ["Only 80 genes"]),
        (16, {"B cell": 0.2}, ["Only 16 genes", "far too few", "B cell"]),
    ],
)
def test_a_small_overlap_is_reported_with_the_classes(n_genes: int, f1: dict[str, float], words: list[str]) -> None:
    warning = few_genes_warning(n_genes, f1)
    assert bool(warning) == bool(words)
    assert all(word in warning for word in words)
