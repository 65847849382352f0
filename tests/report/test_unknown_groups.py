"""Groups of unassigned cells in the report."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.annotation.unknown.groups import group_unknown_cells
from spatialcore.plotting.figures.celltype_map import plot_celltype_map
from spatialcore.report import tables, write_report
from tests.annotation.unknown.test_groups import simulated_cells


@pytest.mark.parametrize("n_b", [80, 10])
def test_the_page_lists_the_groups(tmp_path: Path, n_b: int, rng: np.random.Generator) -> None:
    adata = simulated_cells(n_b, 10, 100, rng)
    adata.obs[columns.CONFIDENCE] = np.where(adata.obs[columns.CELL_TYPE] == columns.UNASSIGNED, 0.3, 0.9)
    group_unknown_cells(adata, min_group=11)
    summary = pd.DataFrame(columns=["cell_type", "n_markers", "auc"])
    drawn = {"figures": {"celltype_map": plot_celltype_map(adata)}, "paths": {}, "summary": summary}
    text = write_report(adata, tmp_path / "report.html", figures=drawn).read_text()
    assert ("Groups of cells without a call" in text) == (n_b == 80)
    for row in tables.unknown(adata):
        assert row["group"] in text
        assert row["top_genes"] in text
        assert "cellxgene://?cell_type=B+cell&amp;tissue=lymph+node" in text.replace("<wbr>", "")
    assert "Unseen score" not in text
    assert ("<th>Position" in text) == tables.have_positions(tables.unknown(adata)) == (n_b == 80)
    excluded = any(row["dropped_labels"] for row in tables.unknown(adata))
    assert ("Excluded labels" in text) == excluded


def test_the_page_states_the_unseen_score_of_groups(tmp_path: Path, rng: np.random.Generator) -> None:
    adata = simulated_cells(80, 60, 100, rng)
    unknown = (adata.obs[columns.CELL_TYPE] == columns.UNASSIGNED).to_numpy()
    adata.obs[columns.CONFIDENCE] = np.where(unknown, 0.3, 0.9)
    adata.obs[columns.UNSEEN_SCORE] = np.where(unknown, 0.87, 0.02)
    group_unknown_cells(adata)
    summary = pd.DataFrame(columns=["cell_type", "n_markers", "auc"])
    drawn = {"figures": {"celltype_map": plot_celltype_map(adata)}, "paths": {}, "summary": summary}
    text = write_report(adata, tmp_path / "report.html", figures=drawn).read_text()
    assert '<th class="n">Unseen score</th>' in text
    assert text.count('<td class="n">0.87</td>') == len(tables.unknown(adata))


def test_the_table_of_groups_fits_the_page(browser: Any, tmp_path: Path, rng: np.random.Generator) -> None:
    adata = simulated_cells(80, 60, 100, rng)
    adata.obs[columns.CONFIDENCE] = 0.9
    adata.obs[columns.UNSEEN_SCORE] = 0.5
    group_unknown_cells(adata)
    summary = pd.DataFrame(columns=["cell_type", "n_markers", "auc"])
    path = write_report(adata, tmp_path / "report.html", figures={"figures": {}, "paths": {}, "summary": summary})
    tab = browser.new_page(viewport={"width": 1200, "height": 900})
    tab.goto(path.as_uri())
    assert "Reference to try: cellxgene://" in tab.locator("table:has(.sub)").inner_text()
    assert tab.evaluate("[...document.querySelectorAll('.scroll')].every(box => box.scrollWidth <= box.clientWidth)")
    tab.close()
