"""The legend of cell types, grouped by lineage."""

import numpy as np
from matplotlib.figure import Figure

from spatialcore import columns
from spatialcore.plotting.groups import Groups
from spatialcore.plotting.legend import draw_legend, legend_table

NAMES = ("fibroblast", "T cell", "B cell", "cluster 7", columns.UNASSIGNED)
GROUPS = Groups(NAMES, np.repeat(np.arange(5), (9, 6, 5, 2, 30)))
COLORS = {name: f"#00000{k}" for k, name in enumerate(NAMES)}


def entries(**options):
    axes = Figure().add_subplot()
    draw_legend(axes, legend_table(GROUPS, COLORS), **options)
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_largest_lineage_first_and_cells_without_a_type_last():
    table = legend_table(GROUPS, COLORS)
    assert table["cell_type"].tolist() == ["T cell", "B cell", "fibroblast", "cluster 7", columns.UNASSIGNED]
    assert table["lineage"].tolist() == ["immune", "immune", "stromal", "other", "no call"]
    assert table["number"].tolist() == [1, 2, 3, 4, 5]
    assert table["n_cells"].tolist() == [6, 5, 9, 2, 30]


def test_lineages_are_headings():
    assert entries(is_numbered=False)[:3] == ["Immune", "T cell  6", "B cell  5"]
    assert entries(is_numbered=True)[1] == "1  T cell  6"


def test_no_column_ends_with_a_heading():
    drawn = entries(is_numbered=False, n_columns=2)
    assert drawn[-(-len(drawn) // 2) - 1] not in {"Immune", "Stromal", "Other"}


def test_cells_without_a_call_have_a_separate_heading():
    assert entries(is_numbered=False)[-2:] == ["No call", f"{columns.UNASSIGNED}  30"]
