"""spatialcore train: with a query, and with a panel file."""

from pathlib import Path

import anndata
import pandas as pd

from tests.cli.workplace import QUICK, Command, Workplace, json_output


def test_train_with_a_panel_file(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    panel = tmp_path / "panel.csv"
    pd.DataFrame({"gene": anndata.read_h5ad(workplace.first).var_names}).to_csv(panel, index=False)
    arguments = ("-r", f"{workplace.first}:cell_type", "-o", tmp_path / "m.pkl", *QUICK)
    assert json_output(spatialcore, "train", *arguments, "--panel", panel)["genes"] == 30
    outcome = spatialcore("train", *arguments)
    assert outcome.code == 2
    assert "--panel genes.csv" in outcome.err
