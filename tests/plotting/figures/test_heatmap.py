"""Heat maps of differential genes and markers."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore.errors import InputError, LabelColumnError
from spatialcore.plotting import plot_deg_heatmap, plot_marker_heatmap
from spatialcore.plotting.figures.heatmap import order_by_similarity, scale_to_unit, z_scores
from tests.plotting.tissues import MARKERS, TYPES, make_tissue, texts


def test_simulated_markers_are_the_top_genes(tissue, tmp_path):
    plot_deg_heatmap(tissue, "cell_type", n_genes=3, save=tmp_path / "deg.png")
    table = pd.read_csv(tmp_path / "deg.csv")
    genes = {name: set(rows["gene"]) for name, rows in table.groupby("cell_type")}
    assert genes == {name: set(genes) for name, genes in MARKERS.items()}
    assert (tmp_path / "deg.png").stat().st_size > 10_000
    assert not list(tmp_path.glob("*.part"))


def test_counts_and_log_values_give_the_same_genes(tissue, tmp_path):
    plot_deg_heatmap(tissue, "cell_type", save=tmp_path / "log.png")
    plot_deg_heatmap(tissue, "cell_type", layer="counts", save=tmp_path / "counts.png")
    log, counts = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("log", "counts"))
    pd.testing.assert_frame_equal(log, counts, rtol=1e-3)  # rounding may break a tie


@pytest.mark.parametrize("method", ["t-test", "logreg"])
def test_other_methods_of_scanpy(tissue, tmp_path, method):
    plot_deg_heatmap(tissue, "cell_type", n_genes=1, method=method, save=tmp_path / "deg.png")
    table = pd.read_csv(tmp_path / "deg.csv")
    assert all(row.gene in MARKERS[row.cell_type] for row in table.itertuples())


def test_figsize_title_and_full_labels(tissue):
    figure = plot_deg_heatmap(tissue, "cell_type", figsize=(7, 4), title="My title")
    assert tuple(figure.get_size_inches()) == (7, 4)
    assert "My title" in texts(figure)
    assert "fibroblast" in texts(figure)


def test_small_types_are_listed_but_not_drawn():
    figure = plot_deg_heatmap(make_tissue((50, 40, 4)), "cell_type")
    assert "fibroblast (4)" in texts(figure)


def test_errors_for_one_type_and_an_unknown_method(tissue):
    with pytest.raises(InputError, match="at least 2 cell types"):
        plot_deg_heatmap(make_tissue((50, 4, 4)), "cell_type")
    with pytest.raises(InputError, match="choose one of"):
        plot_deg_heatmap(tissue, "cell_type", method="guess")
    with pytest.raises(LabelColumnError, match="Label column not found"):
        plot_deg_heatmap(tissue, "nothing")


def test_unassigned_cells_are_excluded(tissue):
    tissue.obs["cell_type"] = tissue.obs["cell_type"].astype(str)
    tissue.obs.iloc[:30, 0] = "Unassigned"
    tissue.obs.iloc[30:40, 0] = np.nan
    assert "Unassigned" not in texts(plot_deg_heatmap(tissue, "cell_type"))


def test_marker_heatmap_is_diverging_and_centred(tissue, markers):
    figure = plot_marker_heatmap(tissue, "cell_type", markers)
    image = figure.axes[0].images[0]
    assert image.get_clim() == (-3, 3)
    values = np.asarray(image.get_array())
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-6)
    assert values[[0, 1, 2], [0, 3, 6]].min() > 1


def test_error_if_no_marker_is_measured(tissue):
    with pytest.raises(InputError, match="No marker genes found in data"):
        plot_marker_heatmap(tissue, "cell_type", {"B cell": ["NOT_THERE"]})


def test_scales(rng):
    means = np.vstack([rng.uniform(size=(2, 3)), np.zeros((1, 3))])
    means[:, 2] = 4.0
    expected = (means - means.mean(axis=0)) / np.where(means.std(axis=0) > 0, means.std(axis=0), 1)
    np.testing.assert_allclose(z_scores(means), expected)
    scaled = scale_to_unit(means)
    assert scaled[:, :2].min(axis=0).tolist() == [0, 0]
    assert scaled[:, :2].max(axis=0).tolist() == [1, 1]
    assert scaled[:, 2].tolist() == [0, 0, 0]


def test_ten_genes_are_drawn_for_each_type_if_types_share_genes():
    shared = [f"SHARED{i}" for i in range(6)]
    markers = {name: [*shared, f"{name}1", f"{name}2", f"{name}3"] for name in ("a", "b")} | {"c": ["C1"]}
    tissue = make_tissue((40, 40, 40), types=("a", "b", "c"), markers={**markers, "b": ["b1", "b2", "b3"]})
    counts = tissue.layers["counts"].toarray()
    counts[40:80, :6] += counts[:40, :6]  # type b expresses the genes of type a
    tissue.X = counts
    figure = plot_deg_heatmap(tissue, "cell_type", n_genes=10)
    drawn = [label.get_text() for axes in figure.axes[:-1] for label in axes.get_xticklabels()]
    assert all(drawn.count(gene) == 2 for gene in shared)


def test_types_are_named_above_their_genes(tissue):
    axes = plot_deg_heatmap(tissue, "cell_type", n_genes=3).axes[0]
    assert sorted(text.get_text() for text in axes.texts) == ["B cell", "T cell", "fibroblast"]


def test_similar_types_are_adjacent(rng):
    one, other = rng.normal(size=(2, 20))
    means = np.array([one, other, one + 0.01, other + 0.01])
    order = order_by_similarity(means)
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


@pytest.mark.parametrize("n_genes", [0, -1, 2.5, True])
def test_numbers_of_genes_are_checked(n_genes: object) -> None:
    with pytest.raises(InputError, match="n_genes is"):
        plot_deg_heatmap(AnnData(), "cell_type", n_genes=n_genes)  # type: ignore[arg-type]


def test_names_above_the_genes_are_below_the_color_bar() -> None:
    figure = plot_deg_heatmap(
        make_tissue((30, 30), types=TYPES[:2], markers={name: MARKERS[name] for name in TYPES[:2]}),
        "cell_type",
        n_genes=10,
    )
    figure.canvas.draw()
    tiles, bar = figure.axes
    names = [text for text in tiles.texts if text.get_text() in TYPES]
    assert len(names) == 2
    assert max(text.get_window_extent().y1 for text in names) + 3 < bar.get_window_extent().y0
