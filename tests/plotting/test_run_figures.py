"""All figures of a run."""

from pathlib import Path

import anndata as ad
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.plotting import run_figures
from spatialcore.plotting.run_figures import _apply_threshold, draw_run_figures
from spatialcore.report import write_report
from tests.plotting.tissues import annotated, make_tissue, texts


def test_all_figures_are_written_with_their_tables(
    sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path
) -> None:
    plots = draw_run_figures(sample, tmp_path, markers=markers)
    written = {path.name for path in tmp_path.iterdir()}
    assert {path.name for path in plots["paths"].values() if path} <= written
    assert {
        f"celltyping_{name}.csv" for name in ("celltype_map", "composition", "calibration", "marker_separation")
    } <= written
    assert set(plots["figures"]) >= {"deg_heatmap", "2d_validation", "confidence", "ontology_mapping", "celltype_map"}


def test_calls_are_filtered_for_the_figures_only(
    sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path
) -> None:
    sample.obs[columns.CELL_TYPE] = sample.obs[columns.PREDICTED]
    sample.obs[columns.UNASSIGNED_REASON] = pd.Categorical([""] * sample.n_obs)
    calls = sample.obs[columns.CELL_TYPE].copy()
    plots = draw_run_figures(sample, tmp_path, markers=markers, confidence_threshold=0.8)
    low = int((sample.obs[columns.CONFIDENCE] < 0.8).sum())
    table = pd.read_csv(tmp_path / "celltyping_composition.csv", keep_default_na=False)
    assert table.set_index("cell_type").loc["Unassigned", "n_cells"] == low > 0
    assert f"Unassigned  {low}" in texts(plots["figures"]["celltype_map"])
    pd.testing.assert_series_equal(sample.obs[columns.CELL_TYPE], calls)


def test_filtered_calls_are_not_filtered_again(caplog: pytest.LogCaptureFixture) -> None:
    adata = annotated(make_tissue())
    threshold = 0.5
    adata.obs.loc[adata.obs[columns.CONFIDENCE] < threshold, columns.CELL_TYPE] = columns.UNASSIGNED
    with caplog.at_level("INFO", "spatialcore"):
        calls = _apply_threshold(adata, threshold)
    assert "are below a confidence" not in caplog.text
    assert calls.obs[columns.CELL_TYPE].tolist() == adata.obs[columns.CELL_TYPE].tolist()
    stricter = _apply_threshold(adata, 0.9).obs
    assert (stricter.loc[stricter[columns.CONFIDENCE] < 0.9, columns.CELL_TYPE] == columns.UNASSIGNED).all()


def test_a_figure_that_fails_does_not_affect_others(
    sample: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("no cells")

    monkeypatch.setattr("spatialcore.plotting.run_figures.plot_composition", fail)
    monkeypatch.setattr("spatialcore.plotting.annotation_plots.plot_2d_validation", fail)
    plots = draw_run_figures(sample, tmp_path, markers=markers)
    assert plots["skipped"] == dict.fromkeys(("2d_validation", "composition"), "ZeroDivisionError: no cells")
    assert plots["summary"].empty
    assert plots["figures"]["celltype_map"] is not None
    assert {name for name, path in plots["paths"].items() if path is None} == {"2d_validation", "composition"}
    page = write_report(sample, tmp_path / "report.html", figures=plots).read_text()
    assert "not drawn, because ZeroDivisionError: no cells" in page


def test_figures_without_data_are_left_out_with_a_reason(
    tissue: ad.AnnData, markers: dict[str, list[str]], tmp_path: Path
) -> None:
    tissue.obs[columns.PREDICTED] = tissue.obs[columns.CELL_TYPE]
    del tissue.obsm["spatial"]
    plots = draw_run_figures(tissue, tmp_path, markers=markers)
    assert plots["skipped"]["celltype_map"] == "the data have no coordinates"
    assert set(plots["skipped"]) == {
        *("celltype_map", "calibration", "confusable_pairs", "reference_composition", "gene_coverage"),
        "ontology_mapping",
    }
    pictures = {path.stem for path in tmp_path.glob("*.png")}
    assert pictures == {path.stem for path in tmp_path.glob("*.csv")}
    page = write_report(tissue, tmp_path / "report.html", figures=plots).read_text()
    assert "not drawn, because the data have no coordinates" in page
    assert "Left: confidence" not in page


def test_expression_figures_of_large_data_use_a_sample_of_each_type(monkeypatch: pytest.MonkeyPatch) -> None:
    adata = annotated(make_tissue((600, 300, 40)))
    assert run_figures._sample_of_types(adata) is adata
    monkeypatch.setattr(run_figures, "MAX_CELLS", 300)
    monkeypatch.setattr(run_figures, "FLOOR", 30)
    sample = run_figures._sample_of_types(adata)
    sizes = sample.obs[columns.PREDICTED].value_counts()
    assert sizes.sum() == 300
    assert sizes.min() == 30
    assert sizes["B cell"] > sizes["T cell"] > sizes["fibroblast"]
    assert sample.obs_names.isin(adata.obs_names).all()
