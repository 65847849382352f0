"""spatialcore annotate: apply a trained model to new data."""

import shutil
from pathlib import Path

import anndata
import pytest

from tests.cli.workplace import GENES, QUICK, Command, Workplace, json_output


def test_train_and_annotate(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    model = tmp_path / "models" / "breast.pkl"
    references = ("-r", f"{workplace.first}:cell_type")
    trained = json_output(spatialcore, "train", *references, "-q", workplace.query, "-t", "breast", "-o", model, *QUICK)
    assert trained["genes"] == 30
    assert str(model) in trained["files"]
    process = json_output(spatialcore, "annotate", workplace.query, "-m", model, "-o", tmp_path / "out", "--no-plots")
    assert (process["cells"], process["sample"]) == (200, workplace.query.name)
    assert Path(next(name for name in process["files"].values() if name.endswith("annotated.h5ad"))).is_file()
    purified = json_output(
        spatialcore, "annotate", workplace.query, "-m", model, "-o", tmp_path / "pure", "--no-plots", "--purify"
    )
    cells = anndata.read_h5ad(next(n for n in purified["files"].values() if n.endswith("annotated.h5ad")))
    assert cells.layers["purified"].sum() == pytest.approx(cells.X.sum())
    outcome = spatialcore("inspect", model)
    assert "B cell" in outcome.out
    assert json_output(spatialcore, "inspect", model)["calibrated"]
    panel = tmp_path / "half.csv"
    panel.write_text("gene\n" + "\n".join([*GENES[:15], "STRANGE1"]))
    matches = json_output(spatialcore, "inspect", model, "--against", panel, "--against", workplace.query)["matches"]
    assert matches[str(panel)] == {"shared": 15, "wanted": 30, "pct": 50.0}
    assert matches[str(workplace.query)]["shared"] == 30


@pytest.mark.parametrize(("model", "code"), [("absent.pkl", 3), ("q.h5ad", 2)])
def test_model_is_checked_before_the_query(
    spatialcore: Command, workplace: Workplace, tmp_path: Path, model: str, code: int
) -> None:
    shutil.copy(workplace.first, tmp_path / "q.h5ad")
    outcome = spatialcore("annotate", tmp_path / "q.h5ad", "-m", tmp_path / model, "-o", tmp_path / "out")
    assert outcome.code == code
    assert "annotating" not in outcome.err
    if code == 2:
        assert "pass a .pkl file" in outcome.err
