"""The palette: distinct and stable colours."""

import numpy as np
import pytest

from spatialcore.columns import LOW_COUNT, UNASSIGNED
from spatialcore.core.colors.difference import ciede2000, srgb_to_lab
from spatialcore.core.colors.palette import palette


def smallest_distance(colors):
    rgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    lab = srgb_to_lab(rgb)
    distances = ciede2000(lab[:, None], lab[None])
    return distances[~np.eye(len(lab), dtype=bool)].min()


@pytest.mark.parametrize(("n", "minimum"), [(3, 20), (10, 19), (30, 17), (60, 12)])
def test_colours_are_distinct(n, minimum):
    colors = palette([f"type {i}" for i in range(n)] + [UNASSIGNED, LOW_COUNT])
    assert len(set(colors.values())) == n + 2
    assert smallest_distance(colors.values()) >= minimum


def test_appended_class_changes_no_other_colour():
    before = palette(["B cell", "T cell"])
    after = palette(["B cell", "T cell", "mast cell"])
    assert {name: after[name] for name in before} == before


def test_inserted_class_with_keep():
    before = palette([f"type {i:02}" for i in range(0, 40, 2)])
    after = palette([f"type {i:02}" for i in range(40)], keep=before)
    assert {name: after[name] for name in before} == before
    assert len(set(after.values())) == 40


def test_150_classes():
    assert len(set(palette(map(str, range(150))).values())) == 150


def test_repeated_names_and_unassigned():
    colors = palette(["a", "a", UNASSIGNED], keep={UNASSIGNED: "#ff0000", "gone": "#000000"})
    assert list(colors) == ["a", UNASSIGNED]
    assert colors[UNASSIGNED] == palette([UNASSIGNED])[UNASSIGNED] != "#ff0000"
