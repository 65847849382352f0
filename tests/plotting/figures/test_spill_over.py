"""The figure of spill-over: its table, means per type, and the placeholder if none was detected."""

import itertools
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


def test_the_map_uses_its_half_of_the_figure() -> None:
    figure = plot_spill_over(annotated())
    figure.canvas.draw()
    tissue = figure.axes[0].get_window_extent()
    assert max(tissue.width / (figure.bbox.width / 2), tissue.height / figure.bbox.height) > 0.7


def test_names_of_many_types_do_not_overlap() -> None:
    types = [f"a type with a very long name that needs two lines, number {k}" for k in range(25)]
    adata = AnnData(
        obs=pd.DataFrame(index=[f"c{k}" for k in range(25)]),
        obsm={"spatial": np.random.default_rng(0).uniform(size=(25, 2))},
    )
    adata.obs["cell_type_predicted"] = pd.Categorical(types)
    adata.obs["foreign_share"] = adata.obs["foreign_share_null"] = 0.2
    received = {"available": True, "detected": True, "z": 8.0, "foreign_share": 0.2}
    received["received"] = {name: {types[0]: 1.0} for name in types[1:]}
    adata.uns["spatialcore_annotation"] = {"spill_over_json": json.dumps(received)}
    figure = plot_spill_over(adata)
    figure.canvas.draw()
    for axes in figure.axes[2:]:
        boxes = sorted((label.get_window_extent() for label in axes.get_yticklabels()), key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 for low, high in itertools.pairwise(boxes))
    numbers = [label.get_window_extent() for label in figure.axes[3].get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in itertools.pairwise(numbers))
