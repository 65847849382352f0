"""The preview of the training cells shows the cells drawn in a run, and which labels have counts."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import stages
from spatialcore.annotation.config import TrainingConfig
from spatialcore.annotation.references import preview
from spatialcore.annotation.references.preview import preview_cells
from spatialcore.errors import GeneOverlapError, InputError
from tests.workflow import tissue


def config(*files: str, **settings: Any) -> TrainingConfig:
    return TrainingConfig(references=list(files), label_columns=["cell_type"], **settings)


def write_file(adata: ad.AnnData, path: Path) -> str:
    adata.write_h5ad(path)
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Write two references with curated ids; in the first, mast cells have no counts on the panel."""
    first, second = tissue.reference(), tissue.reference(seed=5)
    values = first.X.toarray()
    empty = (first.obs["cell_type"] == "mast cell").to_numpy()
    values[np.ix_(empty, first.var_names.isin(tissue.GENES))] = 0
    first.X = values
    first.obs["cell_type_ontology_term_id"] = np.where(np.arange(first.n_obs) % 3 > 0, "CL:0000236", "unknown")
    second = second[second.obs["cell_type"] != "mast cell"].copy()
    return [write_file(first, tmp_path / "first.h5ad"), write_file(second, tmp_path / "second.h5ad")]


@pytest.mark.parametrize("settings", [{}, {"max_cells_per_ref": 30}, {"exclude_labels": ["B cell"]}])
def test_the_preview_has_the_cells_of_a_run(files: list[str], settings: dict[str, Any]) -> None:
    cells, has_counts = preview_cells(config(*files, **settings), tissue.GENES)
    combined = stages.combine(config(*files, **settings), tissue.GENES)
    pd.testing.assert_frame_equal(cells.obs, combined.obs)
    labels = cells.obs["original_label"]
    filled = pd.Series(np.asarray(combined.X.sum(axis=1)).ravel() > 0, index=cells.obs_names)
    expected = filled.groupby(labels, observed=True).any()
    assert pd.Series(has_counts, index=cells.obs_names).groupby(labels, observed=True).any().equals(expected)
    assert expected.to_dict() == {name: name != "mast cell" for name in labels.cat.categories}


def test_all_cells_of_a_label_are_read_before_it_counts_as_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "FEW_CELLS", 2)
    monkeypatch.setattr(preview, "BLOCK_CELLS", 5)
    adata = tissue.reference()
    last = np.flatnonzero(adata.obs["cell_type"] == "mast cell")
    values = adata.X.toarray()
    values[last[:-1]] = 0
    adata.X = values
    cells, has_counts = preview_cells(config(write_file(adata, tmp_path / "ref.h5ad")), tissue.GENES)
    assert has_counts[last].tolist() == [False] * 15 + [True]
    values[last] = 0
    adata.X = values
    cells, has_counts = preview_cells(config(write_file(adata, tmp_path / "empty.h5ad")), tissue.GENES)
    assert set(cells.obs["original_label"][~has_counts]) >= {"mast cell"}
    assert not has_counts[last].any()


def test_profiles_are_drawn(tmp_path: Path) -> None:
    means = pd.DataFrame(tissue.reference().X.toarray(), columns=[*tissue.reference().var_names])
    table = means.groupby(tissue.reference().obs["cell_type"].to_numpy()).mean()
    table.loc["mast cell", tissue.GENES] = 0
    table.T.to_csv(tmp_path / "profiles.csv")
    cells, has_counts = preview_cells(config(str(tmp_path / "profiles.csv")), tissue.GENES)
    assert set(cells.obs["original_label"][~has_counts]) == {"mast cell"}


def test_without_a_panel_all_cells_count_and_with_another_one_it_is_refused(files: list[str]) -> None:
    assert preview_cells(config(*files), None)[1].all()
    with pytest.raises(GeneOverlapError, match="No shared genes"):
        preview_cells(config(*files), ["OTHER1", "OTHER2"])


def test_one_label_is_refused(tmp_path: Path) -> None:
    adata = tissue.reference()
    adata.obs["cell_type"] = "B cell"
    with pytest.raises(InputError, match="only one cell type is left: 'B cell'"):
        preview_cells(config(write_file(adata, tmp_path / "ref.h5ad")), tissue.GENES)
