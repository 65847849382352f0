"""The files of a model are read by the command line of CellTypist."""

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
from spatialcore.annotation.model.artifact import load_model, model_file
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import InputError

Simulated = tuple[AnnData, AnnData, np.ndarray]


@pytest.mark.slow
def test_the_command_line_of_celltypist_gives_the_same_calls(
    simulated: Simulated, trained: Path, tmp_path: Path
) -> None:
    model = load_model(trained)
    query = AnnData(
        log1p_normalize(sparse.csr_matrix(simulated[1].X), model.target_sum), simulated[1].obs, simulated[1].var
    )
    query.write_h5ad(tmp_path / "query.h5ad")
    tool = Path(sys.executable).with_name("celltypist")
    command = [str(tool), "--indata", "query.h5ad", "--model", str(trained), "--outdir", str(tmp_path)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    stock = pd.read_csv(tmp_path / "predicted_labels.csv", index_col=0)["predicted_labels"].astype(str)
    result = annotate_celltypist(simulated[1], custom_model_path=trained, copy=True).obs[columns.PREDICTED].astype(str)
    assert (stock.to_numpy() == result.to_numpy()).all()


@pytest.mark.parametrize(("name", "file"), [("b.pkl", "b.pkl"), ("b", "b.pkl"), ("b.v2", "b.v2.pkl"), ("", "x.pkl")])
def test_the_file_of_a_model_ends_in_pkl_and_a_folder_gets_one(tmp_path: Path, name: str, file: str) -> None:
    assert model_file(tmp_path / name, "x") == tmp_path / file


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, expected a model file"):
        load_model(tmp_path)
