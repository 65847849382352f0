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
    assert dot_area(100, 1.0) == pytest.approx(0.5 * 72**2 / 100)


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
