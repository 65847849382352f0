"""Groups of unassigned cells: simulated types, their description, and data without groups."""

import json

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.level_columns import write_levels
from spatialcore.annotation.calls.levels import ClassTree
from spatialcore.annotation.unknown import groups
from spatialcore.annotation.unknown.groups import TABLE, group_unknown_cells, unknown_groups
from spatialcore.errors import InputError

B_GENES = ["MS4A1", "CD79A", "CD19", "CD22"]
T_GENES = ["CD3D", "CD3E", "CD2", "TRAC"]
OTHERS = [f"GENE{i}" for i in range(30)]
IDS = {"CD4": "CL:0000624", "CD8": "CL:0000625", "own": ""}


def simulated_cells(n_b: int, n_t: int, n_known: int, rng: np.random.Generator) -> AnnData:
    """Return unassigned B and T cells in two places, and called cells of a third type everywhere."""
    genes = [*B_GENES, *T_GENES, *OTHERS]
    base = np.r_[np.full(8, 0.02), rng.gamma(1.0, size=30) + 0.1]
    profiles = np.tile(base, (3, 1))
    profiles[0, :4], profiles[1, 4:8], profiles[2, 8:12] = 2.0, 2.0, 6.0
    profiles /= profiles.sum(axis=1, keepdims=True)
    types = np.repeat([0, 1, 2], [n_b, n_t, n_known])
    counts = rng.poisson(120 * profiles[types]).astype(np.float32)
    rejected = types < 2
    obs = pd.DataFrame(
        {
            columns.CELL_TYPE: np.where(rejected, columns.UNASSIGNED, "own"),
            columns.PREDICTED: np.where(types == 0, "CD4", np.where(types == 1, "CD8", "own")),
        },
        index=[f"c{i}" for i in range(len(types))],
    )
    adata = AnnData(sparse.csr_matrix(counts), obs, pd.DataFrame(index=genes))
    centers = np.array([[0.0, 0.0], [500.0, 100.0], [250.0, 250.0]])
    adata.obsm[columns.SPATIAL] = centers[types] + rng.normal(scale=10, size=(len(types), 2))
    dropped = [{"label": "B cells", "reason": "few cells", "n_cells": 3}, {"label": "neuron", "reason": "few cells"}]
    run_manifest.record(
        adata,
        references_json=json.dumps([{"source": "r", "dropped": dropped}]),
        config_json=json.dumps({"tissue": "lymph node"}),
    )
    return adata


def test_simulated_types_become_groups_with_their_names(rng: np.random.Generator) -> None:
    adata = simulated_cells(80, 60, 200, rng)
    table = group_unknown_cells(adata)
    names = adata.obs[columns.UNKNOWN_GROUP].astype(str).to_numpy()
    assert set(names[140:]) == {""}
    assert list(table.columns) == list(TABLE)
    assert table["group"].tolist() == [f"group {i + 1}" for i in range(len(table))]
    assert table["n_cells"].tolist() == [(names == name).sum() for name in table["group"]]
    assert table["n_cells"].is_monotonic_decreasing
    assert (names[:140] != "").all()
    assert not set(names[:80]) & set(names[80:140])
    of_b = table[table["group"].isin(names[:80])]
    assert (of_b["lineage_id"] == "CL:0000236").all()
    assert (of_b["closest_class"] == "CD4").all()
    assert (of_b["closest_share"] == 1.0).all()
    assert (of_b["dropped_labels"] == "B cells").all()
    assert (of_b["reference_query"] == "cellxgene://?cell_type=B+cell&tissue=lymph+node").all()
    assert (table.loc[~table["group"].isin(names[:80]), "closest_class"] == "CD8").all()
    first = of_b.iloc[0]
    assert first["share"] == pytest.approx(first["n_cells"] / 340)
    assert set(B_GENES) <= set(first["top_genes"].split(", "))
    assert abs(first["center_x"]) < 5
    assert first["radius"] == pytest.approx(10 * np.sqrt(2 * np.log(2)), rel=0.3)
    pd.testing.assert_frame_equal(unknown_groups(adata), table, check_dtype=False)


def test_the_same_cells_give_the_same_groups(rng: np.random.Generator) -> None:
    adata = simulated_cells(60, 60, 80, rng)
    repeated = adata.copy()
    pd.testing.assert_frame_equal(group_unknown_cells(adata), group_unknown_cells(repeated))
    assert adata.obs[columns.UNKNOWN_GROUP].equals(repeated.obs[columns.UNKNOWN_GROUP])


def test_fewer_than_fifty_cells_are_not_grouped(rng: np.random.Generator) -> None:
    adata = simulated_cells(30, 19, 100, rng)
    assert group_unknown_cells(adata).empty
    assert unknown_groups(adata).empty
    assert set(adata.obs[columns.UNKNOWN_GROUP].astype(str)) == {""}
    assert len(group_unknown_cells(adata, min_cells=49)) >= 2


def test_small_clusters_are_not_groups(rng: np.random.Generator) -> None:
    adata = simulated_cells(80, 12, 50, rng)
    table = group_unknown_cells(adata, min_group=20)
    assert table["n_cells"].min() >= 20
    assert (adata.obs[columns.UNKNOWN_GROUP].astype(str) != "").sum() == table["n_cells"].sum()


def test_cells_without_counts_are_not_in_groups(rng: np.random.Generator) -> None:
    adata = simulated_cells(80, 60, 50, rng)
    counts = adata.X.toarray()
    counts[0] = 0
    adata.X = sparse.csr_matrix(counts)
    group_unknown_cells(adata)
    assert adata.obs[columns.UNKNOWN_GROUP].iloc[0] == ""


def test_the_finest_term_of_most_cells_is_reported(rng: np.random.Generator) -> None:
    adata = simulated_cells(80, 60, 50, rng)
    tree = ClassTree.build(tuple(IDS), IDS)
    path = np.full((190, 2), np.nan)
    path[:, 0] = 0.4
    path[:140, 1] = 0.9
    path[140:, 0] = 0.95
    write_levels(adata, tree, path, 0.8)
    table = group_unknown_cells(adata)
    assert (table["confident_term"] == "mature alpha-beta T cell").all()
    assert (table["confident_share"] == 1.0).all()


def test_the_unseen_score_of_a_group_is_the_mean_of_its_cells(rng: np.random.Generator) -> None:
    adata = simulated_cells(80, 60, 50, rng)
    assert group_unknown_cells(adata)["unseen_score"].isna().all()
    adata.obs[columns.UNSEEN_SCORE] = rng.random(adata.n_obs).astype(np.float32)
    table = group_unknown_cells(adata).set_index("group")
    expected = adata.obs.groupby(columns.UNKNOWN_GROUP, observed=True)[columns.UNSEEN_SCORE].mean()
    np.testing.assert_allclose(table["unseen_score"], expected[table.index], rtol=1e-6)
    assert unknown_groups(adata)["unseen_score"].notna().all()


def test_without_coordinates_groups_have_no_position(rng: np.random.Generator) -> None:
    adata = simulated_cells(60, 60, 50, rng)
    del adata.obsm[columns.SPATIAL]
    assert group_unknown_cells(adata)[["center_x", "center_y", "radius"]].isna().all().all()


def test_cells_without_calls_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(InputError, match="annotate the cells first"):
        group_unknown_cells(AnnData(np.ones((2, 2))))
    with pytest.raises(InputError, match="min_cells"):
        group_unknown_cells(simulated_cells(60, 60, 50, rng), min_cells=1)


def test_cells_outside_the_sample_join_groups_of_their_type(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MAX_GROUPED", 70)
    monkeypatch.setattr(groups, "JOINED_CELLS", 16)
    adata = simulated_cells(80, 60, 200, rng)
    table = group_unknown_cells(adata)
    names = adata.obs[columns.UNKNOWN_GROUP].astype(str).to_numpy()
    assert table["n_cells"].sum() == (names != "").sum() >= 130
    assert not (set(names[:80]) - {""}) & (set(names[80:140]) - {""})
    assert set(names[140:]) == {""}
