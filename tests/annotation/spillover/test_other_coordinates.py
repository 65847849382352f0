"""Coordinates under other names than obsm["spatial"] are found, by the reader and by the dry run alike."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore.annotation import train_and_annotate
from spatialcore.annotation.spillover.other_coordinates import find_coordinates
from spatialcore.demo.simulated import simulated_data
from spatialcore.io import read_spatial
from spatialcore.plotting.spatial import coordinates
from spatialcore.workflow.dataset import summarize_dataset

N = 60
PLACES = np.random.default_rng(0).uniform(0, 100, (N, 2))


def cells(**parts: object) -> AnnData:
    counts = np.random.default_rng(1).poisson(3.0, (N, 3)).astype(np.float32)
    adata = AnnData(counts, obs=pd.DataFrame(index=[f"c{i}" for i in range(N)]))
    adata.var_names = ["CD3E", "TP53", "MS4A1"]
    for name, values in parts.items():
        if name.startswith("obsm_"):
            adata.obsm[name.removeprefix("obsm_")] = values
        else:
            adata.obs[name] = values
    return adata


@pytest.mark.parametrize(
    ("parts", "unit", "scale"),
    [
        ({"x_centroid": PLACES[:, 0], "y_centroid": PLACES[:, 1]}, "µm", 1),
        ({"CenterX_global_px": PLACES[:, 0], "CenterY_global_px": PLACES[:, 1]}, "px", 1),
        ({"x_slide_mm": PLACES[:, 0], "y_slide_mm": PLACES[:, 1]}, "µm", 1000),
        ({"X": PLACES[:, 0], "Y": PLACES[:, 1]}, "", 1),
        ({"obsm_X_spatial": PLACES}, "", 1),
        ({"obsm_Spatial": PLACES}, "", 1),
        ({"obsm_spatial": np.full((N, 2), np.nan), "x": PLACES[:, 0], "y": PLACES[:, 1]}, "", 1),
    ],
)
def test_other_names(parts: dict[str, object], unit: str, scale: float, tmp_path: Path) -> None:
    cells(**parts).write_h5ad(tmp_path / "a.h5ad")
    adata = read_spatial(tmp_path / "a.h5ad")
    np.testing.assert_allclose(adata.obsm["spatial"], PLACES * scale)
    assert adata.uns["spatialcore_source"]["unit"] == unit
    summary = summarize_dataset(tmp_path / "a.h5ad")
    assert (summary.located, summary.unit) == (N, unit)


def test_coordinates_under_the_usual_name_have_priority(tmp_path: Path) -> None:
    cells(obsm_spatial=PLACES, x=np.zeros(N), y=np.zeros(N)).write_h5ad(tmp_path / "a.h5ad")
    np.testing.assert_array_equal(read_spatial(tmp_path / "a.h5ad").obsm["spatial"], PLACES)


@pytest.mark.parametrize("parts", [{}, {"x": ["a"] * N, "y": ["b"] * N}, {"x": PLACES[:, 0]}, {"obsm_X_umap": PLACES}])
def test_no_coordinates(parts: dict[str, object]) -> None:
    assert find_coordinates(cells(**parts)) is None


def test_cells_without_coordinates_are_counted(tmp_path: Path) -> None:
    places = PLACES.copy()
    places[:7] = np.nan
    places[7, 0] = np.inf
    cells(obsm_spatial=places).write_h5ad(tmp_path / "a.h5ad")
    assert summarize_dataset(tmp_path / "a.h5ad").located == N - 8


def test_coordinates_in_obs_are_used_in_memory_as_from_a_file(tmp_path: Path) -> None:
    query, reference = simulated_data()
    path = tmp_path / "reference.h5ad"
    reference.write_h5ad(path)

    def annotated(adata: AnnData) -> AnnData:
        return train_and_annotate(adata, [path], "blood", ["cell_type"], generate_plots=False, copy=True)

    places = query.obsm["spatial"]
    expected = annotated(query)
    del query.obsm["spatial"]
    query.obs["center_x"], query.obs["center_y"] = places.T
    result = annotated(query)
    np.testing.assert_array_equal(result.obsm["spatial"], places)
    assert result.uns["spatialcore_source"]["unit"] == "µm"
    assert "spatial" not in query.obsm
    shared = [name for name in expected.obs if name not in ("center_x", "center_y")]
    pd.testing.assert_frame_equal(result.obs[shared], expected.obs)
    np.testing.assert_array_equal(coordinates(query), places)
