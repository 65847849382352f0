"""Held-out cells do not depend on the file name of a reference, and are never training cells."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from sklearn.metrics import f1_score

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.comparison import (
    compare_by_class,
    compare_models,
    ids_in_reference,
    macro_f1,
    split_held_out,
    union_of_held_out,
)

Simulated = tuple[AnnData, AnnData, np.ndarray]

GENES = [f"G{number}" for number in range(20)]


def cells(source: str, n: int = 200, seed: int = 0, genes: list[str] = GENES) -> ad.AnnData:
    """Return cells named as in `combine_references`: the id, then the name of the reference."""
    counts = np.random.default_rng(seed).poisson(3, (n, len(GENES))).astype(np.float32)[:, : len(genes)]
    obs = pd.DataFrame(
        {"unified_cell_type": np.where(np.arange(n) % 2, "B cell", "T cell"), "reference_source": source},
        index=[f"cell{number}-1-{source}" for number in range(n)],
    )
    return ad.AnnData(np.log1p(counts), obs, pd.DataFrame(index=genes), layers={"counts": counts})


def ids(data: ad.AnnData) -> set[str]:
    return set(ids_in_reference(data.obs))


@pytest.mark.parametrize("renamed", ["lung_v2", "1", "a-b", "lung-1"])
def test_a_renamed_reference_has_the_same_cells_held_out(renamed: str) -> None:
    _, held_out = split_held_out(cells("lung"), 0.3)
    training_after, held_out_after = split_held_out(cells(renamed), 0.3)
    assert ids(held_out_after) == ids(held_out)
    assert not ids(training_after) & ids(held_out)
    assert 30 < held_out.n_obs < 90


def test_a_larger_share_includes_the_cells_of_a_smaller_one() -> None:
    assert ids(split_held_out(cells("lung"), 0.1)[1]) < ids(split_held_out(cells("lung"), 0.3)[1])


def test_the_union_has_each_cell_once_under_any_name() -> None:
    first, second = split_held_out(cells("lung"), 0.3)[1], split_held_out(cells("lung_v2"), 0.3)[1]
    assert union_of_held_out(first, second).n_obs == first.n_obs
    fewer = first[10:].copy()
    union = union_of_held_out(fewer, second)
    assert union.n_obs == first.n_obs
    assert union.obs_names.is_unique


def test_training_cells_of_the_new_model_are_not_compared() -> None:
    """For example if the earlier model held out a larger share, or the ids changed."""
    training, held_out = split_held_out(cells("lung"), 0.1)
    earlier = split_held_out(cells("lung_v2"), 0.5)[1]
    assert union_of_held_out(held_out, earlier, training).n_obs == held_out.n_obs
    assert union_of_held_out(held_out, earlier).n_obs == earlier.n_obs


def test_other_cells_are_added_over_the_shared_genes() -> None:
    first, second = cells("lung", 50), cells("colon", 40, seed=1, genes=GENES[:12])
    union = union_of_held_out(first, second)
    assert union.shape == (90, 12)
    np.testing.assert_array_equal(union.layers["counts"][:50], first.layers["counts"][:, :12])


def test_with_too_few_shared_genes_nothing_is_added() -> None:
    first = cells("lung", 50)
    assert union_of_held_out(first, cells("colon", 40, seed=1, genes=GENES[:9])) is first


def test_macro_f1_counts_each_class_once() -> None:
    truth = pd.Series(["a"] * 98 + ["b"] * 2)
    assert macro_f1(truth, truth) == 1
    assert macro_f1(truth, pd.Series(["a"] * 100)) == pytest.approx((2 * 0.98 / 1.98) / 2)


def test_cells_drawn_from_profiles_are_held_out_only_if_all_are() -> None:
    adata = cells("lung")
    adata.obs[columns.REFERENCE_KIND] = [columns.KIND_PROFILES] * 100 + ["cells"] * 100
    held_out = split_held_out(adata, 0.5)[1]
    assert held_out.n_obs > 20
    assert (held_out.obs[columns.REFERENCE_KIND] == "cells").all()
    adata.obs[columns.REFERENCE_KIND] = columns.KIND_PROFILES
    assert 60 < split_held_out(adata, 0.5)[1].n_obs < 140


def test_figures_are_those_of_scikit_learn_on_the_calls(simulated: Simulated, trained: Path, recipe: Path) -> None:
    held_out = simulated[0][:150].copy()
    models = {"matched": trained, "recipe": recipe}
    figures = compare_models(held_out, models, None)
    table = compare_by_class(held_out, models, None)
    truth = held_out.obs[columns.UNIFIED_CELL_TYPE].astype(str)
    assert table["cells"].to_dict() == truth.value_counts().sort_index().to_dict()
    for name, path in models.items():
        called = annotate_celltypist(held_out, custom_model_path=path, copy=True).obs[columns.PREDICTED].astype(str)
        assert figures[name] == pytest.approx(f1_score(truth, called, average="macro"))
        np.testing.assert_allclose(table[name], f1_score(truth, called, average=None))


def test_held_out_cells_are_measured_like_the_sample(simulated: Simulated, trained: Path) -> None:
    held_out = simulated[0][:300].copy()
    deep = compare_models(held_out, {"m": trained}, None)["m"]
    shallow = simulated[1].copy()
    shallow.X = np.random.default_rng(0).binomial(shallow.X.toarray().astype(int), 0.02).astype(np.float32)
    measured = compare_models(held_out, {"m": trained}, shallow)["m"]
    assert measured < deep - 0.1
    assert compare_models(held_out, {"m": trained}, shallow)["m"] == measured
