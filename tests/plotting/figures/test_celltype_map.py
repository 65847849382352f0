"""Map of the cell types."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.errors import InputError
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from tests.plotting.tissues import make_tissue, texts


def test_coordinates_are_required(sample: ad.AnnData) -> None:
    del sample.obsm["spatial"]
    with pytest.raises(InputError, match="spatial"):
        plot_celltype_map(sample)


@pytest.mark.parametrize("n_types", [3, 45])
def test_every_type_is_in_the_legend(n_types: int) -> None:
    names = [f"type {i:02d}" for i in range(n_types)]
    tissue = make_tissue((12,) * n_types, types=names, markers={name: [f"M{name}"] for name in names})
    drawn = texts(plot_celltype_map(tissue, "cell_type"))
    assert all(name in drawn for name in names)


def test_legend_is_written_as_csv(tissue: ad.AnnData, tmp_path: Path) -> None:
    plot_celltype_map(tissue, save=tmp_path / "map.png")
    table = pd.read_csv(tmp_path / "map.csv")
    assert table["n_cells"].tolist() == [200, 150, 60]
    assert table["color"].is_unique


def test_cells_without_coordinates_are_counted(tissue: ad.AnnData) -> None:
    assert f"{tissue.n_obs} cells." in texts(plot_celltype_map(tissue))
    tissue.obsm["spatial"] = np.asarray(tissue.obsm["spatial"], dtype=float)
    tissue.obsm["spatial"][:10, 1] = np.nan
    note = f"{tissue.n_obs - 10} of {tissue.n_obs} cells have coordinates."
    assert note in texts(plot_celltype_map(tissue))
