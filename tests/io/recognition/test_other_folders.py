"""Folders of instruments of which a part is read, or that have no counts of cells."""

from pathlib import Path

import pytest

from spatialcore.errors import InputError
from spatialcore.io import identify


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as error:
        identify(path)
    return str(error.value)


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    "names",
    [
        ("experiment.xenium", "transcripts.parquet"),
        ("transcripts.csv.gz",),
        ("detected_transcripts.csv",),
        ("Run1_tx_file.csv.gz", "Run1_fov_positions_file.csv"),
    ],
)
def test_transcripts_alone(names: tuple[str, ...], tmp_path: Path) -> None:
    message = refusal(touched(tmp_path, *names))
    assert "a folder with transcripts and without counts of cells" in message
    assert "segment cells" in message


@pytest.mark.parametrize(
    ("names", "matrix"),
    [
        (
            ("binned_outputs/square_002um/{}", "binned_outputs/square_008um/{}", "binned_outputs/square_016um/{}"),
            "binned_outputs/square_008um/filtered_feature_bc_matrix.h5",
        ),
        (("square_002um/{}", "square_016um/{}"), "square_016um/filtered_feature_bc_matrix.h5"),
        (("{}", "spatial/tissue_positions.parquet"), "filtered_feature_bc_matrix.h5"),
        (
            ("segmented_outputs/filtered_feature_cell_matrix.h5", "binned_outputs/square_008um/{}"),
            "segmented_outputs/filtered_feature_cell_matrix.h5",
        ),
    ],
)
def test_space_ranger(names: tuple[str, ...], matrix: str, tmp_path: Path) -> None:
    folder = touched(tmp_path, *(name.format("filtered_feature_bc_matrix.h5") for name in names))
    message = refusal(folder)
    assert "an output folder of Space Ranger (Visium)" in message
    assert f"pass {folder / matrix}, without coordinates" in message
    assert ("not a cell" in message) == ("bc_matrix" in matrix)
