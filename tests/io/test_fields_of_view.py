"""Positions of cells on the slide from those within fields of view."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from spatialcore.io.fields_of_view import LOCAL, slide_positions
from tests.io.bundles import sample, write_cosmx

CORNERS = pd.DataFrame({"fov": [1, 2], "x_global_px": [0.0, 4000.0], "y_global_px": [100.0, -50.0]})


def write_folder(folder: Path, corners: pd.DataFrame, *, reverse: bool = False) -> np.ndarray:
    """Write flat files with positions within fields of view; return the positions on the slide."""
    data = sample(10, 4)
    metadata = write_cosmx(folder, data) / "Run1_metadata_file.csv"
    table = pd.read_csv(metadata)
    origin = CORNERS.set_index("fov").loc[table["fov"]].to_numpy()
    on_slide = table[["CenterX_global_px", "CenterY_global_px"]].to_numpy()
    local = (on_slide - origin) * (1, -1 if reverse else 1)
    table[list(LOCAL)] = local
    table.drop(columns=["CenterX_global_px", "CenterY_global_px"]).to_csv(metadata, index=False)
    corners.to_csv(folder / "Run1_fov_positions_file.csv", index=False)
    return np.asarray(data.obsm["spatial"])


def test_first_exports(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    expected = write_folder(tmp_path / "flat", CORNERS)
    np.testing.assert_allclose(read_spatial(tmp_path / "flat").obsm["spatial"], expected)
    assert "Run1_fov_positions_file.csv (y axis not reversed)" in caplog.text


@pytest.mark.parametrize("unit", ["px", "mm"])
def test_exports_of_atomx(unit: str, tmp_path: Path) -> None:
    corners = CORNERS.rename(columns={"fov": "FOV"})
    if unit == "mm":
        millimetres = corners[["x_global_px", "y_global_px"]].to_numpy() * 0.12028 / 1000
        corners = pd.DataFrame(
            {"Slide": 1, "X_mm": millimetres[:, 0], "Y_mm": millimetres[:, 1], "FOV": corners["FOV"]}
        )
    expected = write_folder(tmp_path / "flat", corners, reverse=True)
    np.testing.assert_allclose(read_spatial(tmp_path / "flat").obsm["spatial"], expected)


def test_a_field_of_view_without_a_position(tmp_path: Path) -> None:
    write_folder(tmp_path / "flat", CORNERS[:1])
    with pytest.raises(InputError, match="no position of the field of view 2"):
        read_spatial(tmp_path / "flat")


def test_a_file_without_positions(tmp_path: Path) -> None:
    write_folder(tmp_path / "flat", CORNERS[["fov", "x_global_px"]])
    with pytest.raises(InputError, match="x_global_px and y_global_px"):
        read_spatial(tmp_path / "flat")


def test_positions_of_transcripts_of_a_section_of_lung(shared: Path) -> None:
    """The file of transcripts has both positions."""
    folder = shared / "data" / "bundles" / "giotto_cosmx_lung12"
    transcripts = pd.read_csv(folder / "Lung12_tx_file.csv", nrows=2000)
    names = dict(zip(("x_local_px", "y_local_px"), LOCAL, strict=True))
    positions = slide_positions(folder, transcripts.rename(columns=names))
    np.testing.assert_allclose(positions, transcripts[["x_global_px", "y_global_px"]], atol=1e-3)
