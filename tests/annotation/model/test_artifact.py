"""The files of a model: what stock CellTypist's command line makes of them, and the card."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation.annotate import annotate_celltypist
from spatialcore.annotation.model.artifact import card_path, load_model, sidecar_path
from spatialcore.core.normalization import log1p_normalize

World = tuple[AnnData, AnnData, np.ndarray]


@pytest.mark.slow
def test_the_command_line_of_celltypist_runs_the_artifact_and_says_the_same(
    world: World, trained: Path, tmp_path: Path
) -> None:
    model = load_model(trained)
    query = AnnData(log1p_normalize(sparse.csr_matrix(world[1].X), model.target_sum), world[1].obs, world[1].var)
    query.write_h5ad(tmp_path / "query.h5ad")
    tool = Path(sys.executable).with_name("celltypist")
    command = [str(tool), "--indata", "query.h5ad", "--model", str(trained), "--outdir", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    stock = pd.read_csv(tmp_path / "predicted_labels.csv", index_col=0)["predicted_labels"].astype(str)
    ours = annotate_celltypist(world[1], custom_model_path=trained, copy=True).obs[columns.PREDICTED].astype(str)
    assert (stock.to_numpy() == ours.to_numpy()).all()


def test_the_card_says_what_the_sidecar_knows(trained: Path, recipe: Path) -> None:
    text, known = card_path(trained).read_text(), json.loads(sidecar_path(trained).read_text())
    assert known["sha256"] in text
    assert f"accuracy {known['heldout']['accuracy']:.3f}" in text
    for name, score in known["heldout"]["f1"].items():
        assert re.search(rf"\| {name} \|.*\| {score:.3f} \|", text)
    assert "## Intended use" in text
    assert "## Calibration curve" in text
    assert "None were measured" in card_path(recipe).read_text()
