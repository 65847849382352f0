"""Ontology mapping table: tier colours, order, size."""

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from spatialcore.errors import LabelColumnError
from spatialcore.plotting import plot_ontology_mapping
from spatialcore.plotting.figures.ontology import TIERS, height_for
from tests.plotting.tissues import texts

TABLE = pd.DataFrame(
    {
        "input_label": ["T cells", "B cell", "Mystery", "pDCs"],
        "name": ["T cell", "B cell", None, "plasmacytoid dendritic cell"],
        "id": ["CL:0000084", "CL:0000236", None, "CL:0000784"],
        "match_tier": ["tier0_pattern", "tier1_exact", "unmapped", "tier2_token"],
        "score": [0.95, 1.0, 0.0, 0.7],
        "n_cells": [10, 20, 5, 3],
    }
)


def call(adata, **options):
    return plot_ontology_mapping(adata, "cell_type", "name", "term", **options)


def test_rows_have_the_colors_of_their_tiers(tissue):
    figure = call(tissue, mapping_table=TABLE)
    stripes = {to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches if patch.get_alpha() is None}
    assert stripes == {TIERS[tier][0] for tier in TABLE["match_tier"]}
    assert "3 of 4 labels mapped" in texts(figure)


def test_labels_to_check_come_first_and_the_rest_is_counted(tissue, tmp_path):
    figure = call(tissue, mapping_table=TABLE, figsize=(14, 1.45 + 2.5 * 0.19), save=tmp_path / "map.png")
    assert "Mystery" in texts(figure)
    assert "T cells" not in texts(figure)
    assert "2 more labels in the CSV" in texts(figure)
    assert pd.read_csv(tmp_path / "map.csv")["input_label"].tolist() == ["Mystery", "pDCs", "B cell", "T cells"]


def test_mapping_of_obs_columns(tissue, tmp_path):
    tissue.obs["name"] = tissue.obs["cell_type"].astype(str).replace({"fibroblast": ""})
    tissue.obs["term"] = (
        tissue.obs["cell_type"]
        .astype(str)
        .map({"B cell": "CL:0000236", "T cell": "CL:0000084", "fibroblast": "unknown"})
    )
    call(tissue, save=tmp_path / "map.png")
    table = pd.read_csv(tmp_path / "map.csv").set_index("input_label")
    assert table["match_tier"].to_dict() == {"fibroblast": "unmapped", "B cell": "tier1_exact", "T cell": "tier1_exact"}
    assert table["n_cells"].to_dict() == {"fibroblast": 60, "B cell": 200, "T cell": 150}


def test_figure_size_and_height_for_sixty_labels(tissue):
    many = pd.concat([TABLE.assign(input_label=TABLE["input_label"] + str(i)) for i in range(15)])
    figure = call(tissue, mapping_table=many, figsize=(14, height_for(60)))
    assert tuple(figure.get_size_inches()) == (14, height_for(60))
    assert all(label in texts(figure) for label in many["input_label"])


def test_a_short_table_has_no_empty_space_below(tissue):
    figure = call(tissue, mapping_table=TABLE)
    assert tuple(figure.get_size_inches()) == (14, height_for(4))
    rows = figure.axes[0].texts
    lowest = min(text.get_position()[1] for text in rows)
    assert 0 < lowest < 0.5


def test_missing_column(tissue):
    with pytest.raises(LabelColumnError, match="'name'"):
        call(tissue)
