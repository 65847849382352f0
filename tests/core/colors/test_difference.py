"""CIE Lab and CIEDE2000, compared with scikit-image and published test pairs; colour blindness."""

import numpy as np
import pytest

from spatialcore.core.colors.difference import as_seen, ciede2000, differences, srgb_to_lab

# Pairs and differences from table 1 of Sharma, Wu and Dalal (2005) that detect errors in the hue arithmetic.
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
    expected = color.deltaE_ciede2000(lab[:, None], lab[None])
    np.testing.assert_allclose(ciede2000(lab[:, None], lab[None]), expected, atol=1e-9)


def test_red_and_green_of_one_lightness_are_similar_with_color_blindness():
    red, green, blue = np.array([[0.75, 0.35, 0.1]]), np.array([[0.45, 0.5, 0.1]]), np.array([[0.1, 0.4, 0.8]])
    assert differences(red, green, color_blind=False) > 2 * differences(red, green)
    assert differences(red, blue) > 30


def test_grey_looks_the_same_with_and_without_color_blindness():
    normal, deuteranopia, protanopia = as_seen(np.array([[0.5, 0.5, 0.5], [0.9, 0.9, 0.9]]))
    np.testing.assert_allclose(deuteranopia, normal, atol=0.6)
    np.testing.assert_allclose(protanopia, normal, atol=0.6)
