"""The figure of spill-over: its table, means per type, and the placeholder if none was detected."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore.plotting.figures.spill_over import plot_spill_over, shares_by_type, spill_over_table

RECEIVED = {"T cell": {"fibroblast": 30.0, "B cell": 10.0}, "B cell": {"T cell": 5.0}, "fibroblast": {}}


def annotated(*, detected: bool = True) -> AnnData:
    types = ["T cell", "T cell", "B cell", "fibroblast", "Unassigned"]
    obs = pd.DataFrame(
        {
            "cell_type_predicted": pd.Categorical(types),
            "foreign_share": np.array([0.5, 0.3, 0.2, 0.0, 0.0], np.float32) * detected,
            "foreign_share_null": np.full(5, 0.1, np.float32) * detected,
        },
        index=list("abcde"),
    )
    adata = AnnData(obs=obs, obsm={"spatial": np.arange(10.0).reshape(5, 2)})
    described = {"available": True, "detected": detected, "z": 8.0, "foreign_share": 0.25 * detected}
    described["received"] = RECEIVED if detected else {}
    adata.uns["spatialcore_annotation"] = {"spill_over_json": json.dumps(described)}
    return adata


def test_the_table_has_each_pair_with_its_share() -> None:
    table = spill_over_table(annotated())
    assert table.to_dict("records") == [
        {"cell_type": "T cell", "from": "fibroblast", "counts": 30.0, "share": 0.75},
        {"cell_type": "T cell", "from": "B cell", "counts": 10.0, "share": 0.25},
        {"cell_type": "B cell", "from": "T cell", "counts": 5.0, "share": 1.0},
    ]


def test_means_per_type_leave_out_cells_without_a_class() -> None:
    shares = shares_by_type(annotated())
    assert list(shares.index) == ["T cell", "B cell", "fibroblast"]
    assert shares.loc["T cell", "foreign_share"] == pytest.approx(0.4)
    assert shares["n_cells"].tolist() == [2, 1, 1]
    assert shares_by_type(AnnData(obs=pd.DataFrame(index=["a"]))).empty


def test_figure_and_table_are_written(tmp_path: Path) -> None:
    figure = plot_spill_over(annotated(), tmp_path / "spill_over.png")
    assert figure.get_suptitle() == "25.0 % of the counts came from neighbours of another type"
    assert (tmp_path / "spill_over.png").stat().st_size > 5_000
    assert len(pd.read_csv(tmp_path / "spill_over.csv")) == 3


def test_bars_are_the_means_and_rows_of_the_matrix_the_shares() -> None:
    _, _, bars, matrix = plot_spill_over(annotated()).axes
    widths = [np.ptp(path.vertices[:, 0]) for path in bars.collections[0].get_paths()]
    assert widths == pytest.approx([40.0, 20.0, 0.0], abs=1e-4)
    np.testing.assert_allclose(matrix.images[0].get_array(), [[0, 0.25, 0.75], [1, 0, 0], [0, 0, 0]])
    assert [text.get_text() for text in matrix.texts] == ["25", "75", "100"]


def test_a_section_without_spill_over_has_a_note() -> None:
    figure = plot_spill_over(annotated(detected=False))
    assert any("No spill-over was detected" in text.get_text() for axes in figure.axes for text in axes.texts)


def test_many_types_are_numbered_and_omitted_types_are_counted() -> None:
    names = [f"type {k:02d}" for k in range(33)]
    adata = AnnData(
        obs=pd.DataFrame(index=names), obsm={"spatial": np.arange(66.0).reshape(33, 2)}, uns=annotated().uns
    )
    adata.obs["cell_type_predicted"] = pd.Categorical(names)
    adata.obs["foreign_share"] = adata.obs["foreign_share_null"] = np.linspace(0.5, 0.1, 33)
    figure = plot_spill_over(adata)
    _, _, _, matrix = figure.axes
    assert [text.get_text() for text in matrix.get_xticklabels()] == [str(k) for k in range(1, 31)]
    assert matrix.get_yticklabels()[1].get_text() == "type 01  2"
    assert figure.legends[0].get_title().get_text() == "The 30 of 33 types with the largest share."
