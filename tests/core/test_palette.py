"""Palette: distinct and stable colours; CIE Lab and CIEDE2000 against scikit-image and the published test pairs."""

import numpy as np
import pytest

from spatialcore.columns import LOW_COUNT, UNASSIGNED
from spatialcore.core.palette import ciede2000, palette, srgb_to_lab


def smallest_distance(colors):
    rgb = np.array([[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in colors])
    lab = srgb_to_lab(rgb)
    distances = ciede2000(lab[:, None], lab[None])
    return distances[~np.eye(len(lab), dtype=bool)].min()


@pytest.mark.parametrize(("n", "least"), [(3, 20), (10, 19), (30, 17), (60, 12)])
def test_colours_are_distinct(n, least):
    colors = palette([f"type {i}" for i in range(n)] + [UNASSIGNED, LOW_COUNT])
    assert len(set(colors.values())) == n + 2
    assert smallest_distance(colors.values()) >= least


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


# Pairs and differences from table 1 of Sharma, Wu and Dalal (2005): the ones that catch wrong hue arithmetic.
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_ciede2000_of_published_pairs(first, second, expected):
    assert ciede2000(np.array(first), np.array(second)) == pytest.approx(expected, abs=1e-4)


def test_lab_and_ciede2000_equal_scikit_image(rng):
    color = pytest.importorskip("skimage.color")
    rgb = rng.uniform(size=(40, 3))
    lab = color.rgb2lab(rgb)
    np.testing.assert_allclose(srgb_to_lab(rgb), lab, atol=0.01)
    theirs = color.deltaE_ciede2000(lab[:, None], lab[None])
    np.testing.assert_allclose(ciede2000(lab[:, None], lab[None]), theirs, atol=1e-9)
