"""Cell groups for Xenium Explorer."""

from pathlib import Path

import pandas as pd

from spatialcore import columns
from spatialcore.io import (
    write_explorer_groups,
)
from tests.io.bundles import called


def test_cell_id_column_is_preferred_to_obs_names(tmp_path: Path) -> None:
    adata = called(4)
    adata.obs["cell_id"] = [7.0, 8.0, 9.0, 10.0]
    adata.obs_names = ["0", "1", "2", "3"]
    text = write_explorer_groups(adata, tmp_path / "g.csv").read_text()
    assert [line.split(",")[0] for line in text.splitlines()[1:]] == ["7", "8", "9", "10"]


def test_cell_without_a_group_is_unassigned(tmp_path: Path) -> None:
    adata = called(3)
    adata.obs[columns.CELL_TYPE] = pd.Categorical(["B cell", None, "B cell"])
    groups = pd.read_csv(write_explorer_groups(adata, tmp_path / "g.csv"))
    assert groups["group"].tolist() == ["B cell", "Unassigned", "B cell"]
