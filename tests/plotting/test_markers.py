"""Markers of the types and marker scores."""

import anndata as ad
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from spatialcore.errors import InputError
from spatialcore.plotting.markers import marker_sets, marker_table, plain_name, score_markers
from tests.plotting.tissues import TYPES


@pytest.mark.parametrize("name", ["T cell", "T_cells", "t  CELLS", " T cell "])
def test_plain_name(name: str) -> None:
    assert plain_name(name) == "t cell"


def test_scores_are_means_of_the_markers(tissue: ad.AnnData, markers: dict[str, list[str]]) -> None:
    scored = score_markers(tissue, "cell_type", markers)
    expected = tissue[:, markers["T cell"]].X.toarray().mean(axis=1)
    np.testing.assert_allclose(scored.scores[:, list(scored.sets).index("T cell")], expected, rtol=1e-5)
    is_type = (tissue.obs["cell_type"] == "T cell").to_numpy()
    assert scored.auc.loc["T cell", "T cell"] == pytest.approx(roc_auc_score(is_type, expected))


def test_types_without_measured_markers(tissue: ad.AnnData) -> None:
    scored = score_markers(tissue, "cell_type", {"B cell": ["MS4A1", "ABSENT"], "T cell": ["ABSENT"]})
    assert scored.sets == {"B cell": ["MS4A1"]}
    assert scored.types_without_markers == ["T cell", "fibroblast"]


def test_canonical_markers_are_the_default(tissue: ad.AnnData) -> None:
    sets = marker_sets(TYPES, tissue.var_names)
    assert set(sets["B cell"]) == {"MS4A1", "CD79A", "CD19"}


def test_table_of_a_list_and_of_absent_markers() -> None:
    table = marker_table(TYPES, ["CD3D", "CD19"], ["CD19", "CD3D", "CD19"])
    assert table["gene"].tolist() == ["CD19", "CD3D"]
    with pytest.raises(InputError, match="No marker genes found in data"):
        marker_table(TYPES, ["CD3D"], {"B cell": ["CD19"]})


def test_scores_of_large_types_are_those_of_all(tissue: ad.AnnData, markers: dict[str, list[str]]) -> None:
    scored = score_markers(tissue, "cell_type", markers)
    smallest = int(scored.groups.sizes.min())
    assert scored.at_least(smallest) is scored
    large = scored.at_least(smallest + 1)
    assert large.groups.names == scored.groups.names[:-1]
    columns = [list(scored.sets).index(name) for name in large.sets]
    np.testing.assert_array_equal(large.scores, scored.scores[:, columns])
    is_small = (tissue.obs["cell_type"] == scored.groups.names[-1]).to_numpy()
    alone = score_markers(tissue[~is_small], "cell_type", markers)
    np.testing.assert_allclose(large.auc, alone.auc)
