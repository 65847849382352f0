"""Simulated sections agree with the ground truth that they state."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore.errors import InputError, LabelColumnError
from spatialcore.simulate import LAYOUTS, section


@pytest.fixture(scope="module")
def profiles() -> AnnData:
    """Return five types, each with ten marker genes that the others express at a tenth of the level."""
    means = np.full((5, 50), 0.5)
    for k in range(5):
        means[k, 10 * k : 10 * k + 10] = 5.0
    obs = pd.DataFrame({"cell_type": [f"type {k}" for k in range(5)]}, index=list("abcde"))
    return AnnData(means, obs=obs, var=pd.DataFrame(index=[f"G{g}" for g in range(50)]))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_counts_are_conserved_and_the_truth_agrees_with_the_layers(profiles: AnnData, layout: str) -> None:
    cells = section(profiles, layout=layout, spill_share=0.3, n_cells=600, random_state=1)  # type: ignore[arg-type]
    measured, remaining = (part.toarray().astype(np.float64) for part in (cells.X, cells.layers["own"]))
    np.testing.assert_array_equal(measured.sum(axis=0), cells.layers["expressed"].toarray().sum(axis=0))
    assert (measured >= remaining).all()
    assert (cells.layers["expressed"].toarray() >= remaining).all()
    received = (measured - remaining).sum(axis=1) / np.maximum(measured.sum(axis=1), 1)
    assert (cells.obs["true_foreign_share"].to_numpy() <= received + 1e-9).all()
    differs = cells.obs["true_second_type"].astype(str) != cells.obs["true_cell_type"].astype(str)
    assert differs.all()


def test_mean_share_and_depth_are_as_requested(profiles: AnnData) -> None:
    cells = section(profiles, layout="mixed", spill_share=0.3, depth=200, n_cells=4000)
    assert cells.obs["true_sent_share"].mean() == pytest.approx(0.3, abs=0.02)
    sent = 1 - cells.layers["own"].sum() / cells.layers["expressed"].sum()
    assert sent == pytest.approx(0.3, abs=0.02)
    assert np.median(np.asarray(cells.X.sum(axis=1))) == pytest.approx(200, rel=0.45)  # types differ in size


def test_without_spill_over_no_count_is_foreign(profiles: AnnData) -> None:
    cells = section(profiles, spill_share=0.0, n_cells=200)
    assert (cells.obs["true_foreign_share"] == 0).all()
    assert (cells.obs["true_second_type"] == "").all()
    assert (cells.layers["expressed"] != cells.X).nnz == 0


def test_cells_express_the_genes_of_their_type(profiles: AnnData) -> None:
    cells = section(profiles, layout="mixed", spill_share=0.0, efficiency_spread=0.0, ambient_share=0.0, n_cells=1000)
    for k in range(5):
        counts = cells[(cells.obs["true_cell_type"] == f"type {k}").to_numpy()].X.toarray()
        assert counts[:, 10 * k : 10 * k + 10].sum() / counts.sum() == pytest.approx(50 / 70, abs=0.02)


def test_the_same_seed_gives_the_same_section(profiles: AnnData) -> None:
    one, same, other = (section(profiles, n_cells=100, random_state=seed) for seed in (4, 4, 5))
    assert (one.X != same.X).nnz == 0
    assert (one.X != other.X).nnz > 0
    pd.testing.assert_frame_equal(one.obs, same.obs)


def test_each_reference_cell_is_used_once_at_most() -> None:
    sizes = {"a": 200, "b": 10}
    codes = np.repeat([0, 1], list(sizes.values()))
    cells = AnnData(
        sparse.csr_matrix((np.full(210, 3.0), (np.arange(210), np.arange(210))), dtype=np.float32),
        obs=pd.DataFrame({"cell_type": np.array(list(sizes))[codes]}, index=[f"r{i}" for i in range(210)]),
        var=pd.DataFrame(index=[f"G{g}" for g in range(210)]),
    )  # each has a gene of its own, so the genes of the section tell which reference cells it was drawn from
    settings = {"layout": "mixed", "spill_share": 0.0, "ambient_share": 0.0, "n_cells": 400}
    drawn = section(cells, **settings, repeat_cells=False)
    genes = np.asarray(drawn.X.argmax(axis=1)).ravel()
    assert len(np.unique(genes)) == drawn.n_obs < 211
    np.testing.assert_array_equal(codes[genes] == 1, drawn.obs["true_cell_type"] == "b")
    assert (drawn.obs["true_cell_type"] == "b").sum() == 10
    assert len(np.unique(drawn.obsm["spatial"], axis=0)) == drawn.n_obs
    assert section(cells, **settings).n_obs == 400


def test_logarithms_of_a_reference_are_reversed(profiles: AnnData) -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(profiles.X[np.repeat(np.arange(5), 40)] * 20).astype(np.float32)
    obs = pd.DataFrame({"cell_type": np.repeat(profiles.obs["cell_type"].to_numpy(), 40)})
    obs.index = [f"r{i}" for i in range(200)]
    logs = np.log1p(counts / counts.sum(axis=1, keepdims=True) * 1e4)
    raw, normalized = (_marker_share(AnnData(X, obs=obs, var=profiles.var)) for X in (counts, logs))
    assert raw == pytest.approx(normalized, abs=0.02)


def _marker_share(reference: AnnData) -> float:
    """Return the share of counts on marker genes of the first type, in cells of that type."""
    cells = section(reference, layout="mixed", spill_share=0, efficiency_spread=0, ambient_share=0, n_cells=500)
    counts = cells[(cells.obs["true_cell_type"] == "type 0").to_numpy()].X.toarray()
    return float(counts[:, :10].sum() / counts.sum())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layout": "ring"}, "layout 'ring' is unknown"),
        ({"spill_share": 1.5}, "spill_share"),
        ({"depth": 0}, "depth"),
        ({"n_cells": 3}, "n_cells"),
        ({"ambient_share": -1}, "ambient_share"),
    ],
)
def test_settings_out_of_range_are_refused(profiles: AnnData, settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        section(profiles, **settings)


def test_references_without_types_are_refused(profiles: AnnData) -> None:
    with pytest.raises(LabelColumnError, match="cluster"):
        section(profiles, "cluster")
    with pytest.raises(InputError, match="at least two"):
        section(profiles[:1].copy())
