"""The same folders through the scverse's readers, which are written independently, give the same data."""

import json
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from spatialcore.io import read_spatial
from tests.io.bundles import sample, write_cosmx, write_merscope, write_xenium

pytestmark = pytest.mark.filterwarnings("ignore")
spatialdata_io = pytest.importorskip("spatialdata_io")


def assert_agree(ours: AnnData, theirs: AnnData, names: list[str]) -> None:
    assert ours.n_obs == theirs.n_obs
    assert names == ours.obs_names.tolist()
    shared = [name for name in ours.var_names if name in set(theirs.var_names)]
    assert len(shared) == theirs.n_vars
    assert abs(ours[:, shared].X - theirs[:, shared].X).max() == 0


def test_xenium(tmp_path: Path) -> None:
    folder = write_xenium(tmp_path / "run", sample(300, 25), in_order=True)
    (folder / "experiment.xenium").write_text(
        json.dumps({"analysis_sw_version": "xenium-1.2.0", "pixel_size": 0.2125, "region_name": "a", "run_name": "b"})
    )
    parts = ("cells_boundaries", "nucleus_boundaries", "cells_labels", "nucleus_labels", "transcripts")
    images = ("morphology_mip", "morphology_focus", "aligned_images")
    theirs = spatialdata_io.xenium(folder, **dict.fromkeys((*parts, *images), False)).tables["table"]
    ours = read_spatial(folder)
    assert_agree(ours, theirs, theirs.obs["cell_id"].astype(str).tolist())
    np.testing.assert_allclose(ours.obsm["spatial"], theirs.obsm["spatial"])
    # they leave controls out, we tell them apart
    assert theirs.n_vars == (ours.var["feature_types"] == "Gene Expression").sum()


def test_merscope(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region_0", sample(300, 25), first="cell", in_order=True)
    (folder / "images").mkdir()
    np.savetxt(folder / "images" / "micron_to_mosaic_pixel_transform.csv", np.eye(3))
    switched_off = dict.fromkeys(("transcripts", "cells_boundaries", "mosaic_images"), False)
    theirs = next(iter(spatialdata_io.merscope(folder, **switched_off).tables.values()))
    ours = read_spatial(folder)
    assert_agree(ours, theirs, theirs.obs_names.astype(str).tolist())
    np.testing.assert_allclose(ours.obsm["spatial"], theirs.obsm["spatial"])


def test_counts_coordinates_and_names(tmp_path: Path) -> None:
    folder = write_cosmx(tmp_path / "flat", sample(300, 25))
    for name in ("CellComposite", "CellLabels"):
        (folder / name).mkdir()
    (folder / "Run1_fov_positions_file.csv").write_text("fov,x_global_px,y_global_px\n1,0,0\n")
    theirs = spatialdata_io.cosmx(folder, transcripts=False).tables["table"]
    ours = read_spatial(folder)
    # they name a cell <cell_ID>_<fov> in the order of the metadata, we <fov>_<cell_ID> in that of the matrix
    swapped = ["_".join(reversed(name.split("_"))) for name in ours.obs_names]
    theirs = theirs[swapped]
    assert_agree(ours, theirs, ["_".join(reversed(name.split("_"))) for name in theirs.obs_names])
    np.testing.assert_allclose(ours.obsm["spatial"], theirs.obsm["global"])
