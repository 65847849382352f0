"""Colours of cell types: hues by lineage, one colour per term, distinct for colour-blind readers."""

import subprocess
import sys

import numpy as np
import pytest

from spatialcore.annotation.colors import (
    HUES,
    SAFE_DIFFERENCE,
    SAFE_TYPES,
    cell_type_colors,
    lineages,
    rgb,
)
from spatialcore.annotation.ontology.hierarchy import hierarchy
from spatialcore.columns import LOW_COUNT, UNASSIGNED
from spatialcore.core.colors.difference import differences, srgb_to_lab
from spatialcore.core.colors.palette import palette
from tests.tools import load_tool

COMMON = (
    "T cell",
    "B cell",
    "macrophage",
    "fibroblast",
    "endothelial cell",
    "epithelial cell",
    "neuron",
    "monocyte",
    "natural killer cell",
    "plasma cell",
    "mast cell",
    "pericyte",
    "smooth muscle cell",
    "dendritic cell",
)


def smallest_difference(colors, *, color_blind):
    table = differences(rgb(colors), rgb(colors), color_blind=color_blind)
    return table[~np.eye(len(table), dtype=bool)].min()


def random_terms(rng, n):
    return rng.choice(sorted(hierarchy().names.values()), n, replace=False).tolist()


@pytest.mark.parametrize("seed", range(8))
def test_a_common_term_has_one_color_in_any_set(seed):
    rng = np.random.default_rng(seed)
    names = rng.permutation(COMMON)[: rng.integers(2, len(COMMON))].tolist()
    colors, all_colors = cell_type_colors(names), cell_type_colors(COMMON)
    assert {name: all_colors[name] for name in names} == colors


def test_a_term_has_its_color_under_any_name():
    assert cell_type_colors(["T cells"])["T cells"] == cell_type_colors(["T cell"])["T cell"]
    assert cell_type_colors(["lymphos"], {"lymphos": "CL:0000084"})["lymphos"] == cell_type_colors(["T cell"])["T cell"]


@pytest.mark.parametrize("seed", range(6))
def test_up_to_twelve_types_are_safe_for_the_color_blind(seed):
    names = random_terms(np.random.default_rng(seed), SAFE_TYPES)
    assert smallest_difference(cell_type_colors(names).values(), color_blind=True) >= SAFE_DIFFERENCE


@pytest.mark.parametrize("name", ["plasmacytoid dendritic cell", "osteoblast", "germinal center B cell", "melanocyte"])
def test_no_type_looks_like_a_cell_without_a_call(name):
    colors = [cell_type_colors([name])[name], *cell_type_colors([UNASSIGNED, LOW_COUNT]).values()]
    assert smallest_difference(colors, color_blind=True) >= SAFE_DIFFERENCE


def test_twelve_types_of_one_lineage_are_safe_for_the_color_blind():
    terms = [name for name, lineage in lineages(sorted(hierarchy().names.values())).items() if lineage == "immune"]
    assert smallest_difference(cell_type_colors(terms[:240:20]).values(), color_blind=True) >= SAFE_DIFFERENCE


def test_sixty_types_have_different_colors():
    colors = cell_type_colors(random_terms(np.random.default_rng(0), 60))
    assert smallest_difference(colors.values(), color_blind=False) >= SAFE_DIFFERENCE


def test_hues_follow_the_lineages():
    colors = cell_type_colors(random_terms(np.random.default_rng(1), 40))
    for name, lineage in lineages(colors).items():
        _, a, b = srgb_to_lab(rgb([colors[name]]))[0]
        low, high = HUES.get(lineage, (0, 360))
        assert (np.degrees(np.arctan2(b, a)) - low) % 360 <= high - low
        assert (np.hypot(a, b) < 21) == (lineage not in HUES)


def test_retained_and_reserved_colors():
    colors = cell_type_colors(
        ["T cell", "B cell", UNASSIGNED, LOW_COUNT], keep={"T cell": "#123456", UNASSIGNED: "#f00"}
    )
    assert colors["T cell"] == "#123456"
    assert (colors[UNASSIGNED], colors[LOW_COUNT]) == ("#d0d0d0", "#808080")
    assert list(colors) == ["T cell", "B cell", UNASSIGNED, LOW_COUNT]


def test_labels_without_any_term_have_the_colors_of_the_palette():
    assert cell_type_colors(["cluster 1", "cluster 2"]) == palette(["cluster 1", "cluster 2"])


def test_the_order_of_the_types_does_not_matter():
    names = random_terms(np.random.default_rng(2), 30)
    assert cell_type_colors(names) == cell_type_colors(names[::-1])


def test_the_table_equals_the_output_of_the_tool():
    tool = load_tool("build_cell_colors")
    assert tool.build(tool.SOURCE.read_text(encoding="utf-8").splitlines()) == tool.TARGET.read_text(encoding="utf-8")


def test_colors_are_the_same_in_a_new_process():
    names = ["cell 5", "T cell", "oocyte"]
    code = f"from spatialcore.annotation.colors import cell_type_colors; print(cell_type_colors({names}))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == str(cell_type_colors(names))
