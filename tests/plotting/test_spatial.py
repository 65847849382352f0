"""Coordinates, pixels and scale bars."""

import anndata as ad
import numpy as np
import pytest

from spatialcore.errors import InputError
from spatialcore.plotting import style
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.plotting.figures.confidence import plot_celltype_confidence
from spatialcore.plotting.spatial import (
    coordinate_unit,
    coordinates,
    dot_area,
    drawn_size,
    nice_length,
    pixel_side,
    pixels,
    set_up_map,
)
from tests.plotting.tissues import texts


def test_coordinates_or_none(tissue: ad.AnnData) -> None:
    xy = coordinates(tissue)
    assert xy is not None
    assert xy.shape == (tissue.n_obs, 2)
    assert coordinates(tissue, "absent") is None
    tissue.obsm["spatial"] = np.full((tissue.n_obs, 2), np.nan)
    assert coordinates(tissue) is None
    tissue.obsm["spatial"] = np.zeros((tissue.n_obs, 1))
    with pytest.raises(InputError, match="expected"):
        coordinates(tissue)


@pytest.mark.parametrize(("length", "nice"), [(1.0, 1.0), (1.9, 1.0), (999.0, 500.0), (0.0, 0.0), (np.nan, 0.0)])
def test_nice_length(length: float, nice: float) -> None:
    assert nice_length(length) == pytest.approx(nice)


def test_pixels_mean_and_most_frequent() -> None:
    xy = np.array([[0.0, 0.0], [0.5, 0.5], [2.5, 0.0], [np.nan, 0.0]])
    grid = pixels(xy, pixel=1.0)
    assert grid.shape == (1, 3)
    assert grid.index.tolist() == [0, 0, 2, -1]
    np.testing.assert_allclose(grid.mean(np.array([1.0, 3.0, 5.0, 7.0])), [[2.0, np.nan, 5.0]])
    assert grid.most_frequent(np.array([1, 1, -1, 0]), 2).tolist() == [[1, -1, -1]]


def test_pixels_are_at_least_the_spacing_of_the_cells(rng: np.random.Generator) -> None:
    xy = rng.uniform(0, 100, (100, 2))
    assert pixel_side(xy, inches=100.0) == pytest.approx(10, rel=0.1)


def test_dots_cover_half_of_the_tissue_and_nearly_all_of_a_large_one(rng: np.random.Generator) -> None:
    square = rng.uniform(0, 100, (2_000, 2))
    assert dot_area(square, (5.0, 5.0)) == pytest.approx(0.5 * 5 * 5 * 72**2 / 2_000, rel=0.05)
    many = rng.uniform(0, 100, (100_000, 2))
    assert dot_area(many, (7.0, 7.0)) == pytest.approx(7 * 7 * 72**2 / 100_000, rel=0.05)


def test_dots_are_small_on_a_strip_and_on_separate_pieces_of_tissue(rng: np.random.Generator) -> None:
    strip = rng.uniform(0, 1, (2_000, 2)) * [10_000, 200]
    assert dot_area(strip, drawn_size(strip, (9.0, 6.0))) == pytest.approx(0.5 * 9 * 0.18 * 72**2 / 2_000, rel=0.1)
    square = rng.uniform(0, 100, (2_000, 2))
    pieces = np.vstack([square[:1_000], square[1_000:] + np.array([900, 0])])
    covered = 2 * 0.9**2  # square inches of the two pieces on a map of 9 inches
    assert dot_area(pieces, drawn_size(pieces, (9.0, 6.0))) == pytest.approx(0.5 * covered * 72**2 / 2_000, rel=0.3)
    line = np.column_stack([np.arange(100.0), np.zeros(100)])
    assert 0.35 < dot_area(line, drawn_size(line, (9.0, 6.0))) <= 40


def test_a_map_fits_its_box() -> None:
    assert drawn_size(np.array([[0.0, 0.0], [100.0, 50.0]]), (9.0, 6.0)) == pytest.approx((9.0, 4.5))
    assert drawn_size(np.array([[0.0, 0.0], [10.0, 60.0]]), (9.0, 6.0)) == pytest.approx((1.0, 6.0))


def test_scale_bar_of_a_thin_upright_strip_is_visible() -> None:
    axes = style.new_figure((4, 4)).add_subplot()
    set_up_map(axes, np.array([[0.0, 0.0], [300.0, 12_000.0]]), unit="µm")
    assert [text.get_text() for text in axes.texts] == ["500 µm"]


def test_map_has_equal_axes_and_a_scale_bar() -> None:
    axes = style.new_figure((4, 4)).add_subplot()
    set_up_map(axes, np.array([[0.0, 0.0], [1000.0, 500.0]]), unit="µm")
    assert axes.get_aspect() == 1
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert [text.get_text() for text in axes.texts] == ["200 µm"]


@pytest.mark.parametrize(
    ("recorded", "unit"),
    [
        ({"unit": "µm"}, "µm"),
        ({"unit": "\u03bcm"}, "µm"),
        ({"unit": "px"}, "px"),
        ({"unit": ""}, ""),
        (None, ""),
        ("h5", ""),
    ],
)
def test_the_unit_is_that_recorded_by_the_reader(recorded: object, unit: str) -> None:
    adata = ad.AnnData(np.ones((1, 1)))
    if recorded is not None:
        adata.uns["spatialcore_source"] = recorded
    assert coordinate_unit(adata) == unit


@pytest.mark.parametrize(("unit", "text"), [("µm", "100 µm"), ("px", "100 px"), ("", "100 (unit unknown)")])
def test_scale_bars_of_all_maps_have_the_unit(tissue: ad.AnnData, unit: str, text: str) -> None:
    tissue.uns["spatialcore_source"] = {"unit": unit}
    assert text in texts(plot_celltype_map(tissue))
    assert text in texts(plot_celltype_confidence(tissue, "cell_type", "cell_type_confidence"))
