"""Folders read with the independent readers of spatialdata-io give the same data."""

import json
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from spatialcore.io import read_spatial
from tests.io.bundles import sample, write_cosmx, write_merscope, write_xenium

pytestmark = pytest.mark.filterwarnings("ignore")
spatialdata_io = pytest.importorskip("spatialdata_io")


def assert_equal_data(result: AnnData, expected: AnnData, names: list[str]) -> None:
    assert result.n_obs == expected.n_obs
    assert names == result.obs_names.tolist()
    shared = [name for name in result.var_names if name in set(expected.var_names)]
    assert len(shared) == expected.n_vars
    assert abs(result[:, shared].X - expected[:, shared].X).max() == 0


def test_xenium(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(300, 25), in_order=True)
    (folder / "experiment.xenium").write_text(
        json.dumps({"analysis_sw_version": "xenium-1.2.0", "pixel_size": 0.2125, "region_name": "a", "run_name": "b"})
    )
    parts = ("cells_boundaries", "nucleus_boundaries", "cells_labels", "nucleus_labels", "transcripts")
    images = ("morphology_mip", "morphology_focus", "aligned_images")
    expected = spatialdata_io.xenium(folder, **dict.fromkeys((*parts, *images), False)).tables["table"]
    result = read_spatial(folder)
    assert_equal_data(result, expected, expected.obs["cell_id"].astype(str).tolist())
    np.testing.assert_allclose(result.obsm["spatial"], expected.obsm["spatial"])
    # spatialdata-io leaves out controls; this package labels them
    assert expected.n_vars == (result.var["feature_types"] == "Gene Expression").sum()


def test_merscope(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region_0", sample(300, 25), first="cell", in_order=True)
    (folder / "images").mkdir()
    np.savetxt(folder / "images" / "micron_to_mosaic_pixel_transform.csv", np.eye(3))
    options = dict.fromkeys(("transcripts", "cells_boundaries", "mosaic_images"), False)
    expected = next(iter(spatialdata_io.merscope(folder, **options).tables.values()))
    result = read_spatial(folder)
    assert_equal_data(result, expected, expected.obs_names.astype(str).tolist())
    np.testing.assert_allclose(result.obsm["spatial"], expected.obsm["spatial"])


def test_counts_coordinates_and_names(tmp_path: Path) -> None:
    folder = write_cosmx(tmp_path / "flat", sample(300, 25))
    for name in ("CellComposite", "CellLabels"):
        (folder / name).mkdir()
    (folder / "Run1_fov_positions_file.csv").write_text("fov,x_global_px,y_global_px\n1,0,0\n")
    expected = spatialdata_io.cosmx(folder, transcripts=False).tables["table"]
    result = read_spatial(folder)
    # spatialdata-io names a cell <cell_ID>_<fov> in metadata order, this package <fov>_<cell_ID> in matrix order
    swapped = ["_".join(reversed(name.split("_"))) for name in result.obs_names]
    expected = expected[swapped]
    assert_equal_data(result, expected, ["_".join(reversed(name.split("_"))) for name in expected.obs_names])
    np.testing.assert_allclose(result.obsm["spatial"], expected.obsm["global"])
