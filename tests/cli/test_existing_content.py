"""`run` and `annotate` preserve user content under their names and log where it is."""

from pathlib import Path

import anndata as ad
import pytest

from tests.cli.workplace import GENES, QUICK, Command, Workplace, counted
from tests.user_content import add_user_content, check_user_content


@pytest.mark.parametrize("command", ["run", "annotate"])
def test_user_content_is_preserved(
    command: str,
    spatialcore: Command,
    workplace: Workplace,
    results: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    query = add_user_content(counted(120, GENES, seed=9))
    query.write_h5ad(tmp_path / "q.h5ad")
    model = next((results / "model").glob("*.pkl"))
    words = {
        "run": ("run", "-q", tmp_path / "q.h5ad", "-r", f"{workplace.first}:cell_type", "-t", "breast", *QUICK),
        "annotate": ("annotate", tmp_path / "q.h5ad", "-m", model, "--purify"),
    }[command]
    outcome = spatialcore(*words, "-o", tmp_path / "out", "--no-plots")
    assert outcome.code == 0, outcome.err
    assert "'cell_type' to 'cell_type_before'" in caplog.text
    result = ad.read_h5ad(next((tmp_path / "out").glob("**/annotated.h5ad")))
    check_user_content(result, query)
    layer = "purified_before" if command == "annotate" else "purified"
    assert (result.layers[layer] != query.layers["purified"]).nnz == 0
