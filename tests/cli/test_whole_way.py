"""Every command does its work on small data, and with --json its stdout is one JSON value and nothing else."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import anndata
import pandas as pd
import pytest

from spatialcore.columns import CELL_TYPE, MANIFEST, UNASSIGNED
from tests.cli.workplace import GENES, QUICK, ROOT, Command, Workplace
from tests.conftest import SHARED

FACTS = {
    "title": "Cells of a test",
    "tissue_ontology_term_id": "UBERON:0000310",
    "disease_ontology_term_id": "PATO:0000461",
    "donor_id": "d1",
    "duplicates": "leave out",
}


def answer(spatialcore: Command, *words: Any, code: int = 0) -> Any:
    seen = spatialcore(*words, "--json")
    assert seen.code == code, seen.err
    return json.loads(seen.out)


def test_run_writes_every_cell_in_order_for_each_tool(results: Path, workplace: Workplace) -> None:
    sample = results / workplace.query.name
    annotated = anndata.read_h5ad(sample / "annotated.h5ad")
    ids = annotated.obs_names.tolist()
    manifest = annotated.uns[MANIFEST]
    assert manifest["n_unassigned"] == (annotated.obs[CELL_TYPE] == UNASSIGNED).sum()
    assert manifest["min_confidence"] == 0.8
    assert len(ids) == 200
    assert pd.read_csv(sample / "cell_groups.csv", dtype=str)["cell_id"].tolist() == ids
    assert pd.read_parquet(sample / "calls.parquet")["cell_id"].tolist() == ids
    assert "<html" in (sample / "report.html").read_text()[:200]
    assert len(list((sample / "plots").glob("*.png"))) >= 5
    assert {"breast.pkl", "breast_celltypist.json", "breast_colors.json", "config.yaml"} <= {
        file.name for file in (results / "model").iterdir()
    }


def test_the_configuration_that_a_run_leaves_behind_runs_again(spatialcore: Command, results: Path) -> None:
    found = answer(spatialcore, "run", results / "model" / "config.yaml", "--dry-run")
    assert found["ok"]
    assert found["peak_bytes"] > 5e8
    store = next(check for check in found["checks"] if check["subject"].startswith("store"))
    assert store["detail"] == "holds results, which will be replaced"


def test_train_then_annotate(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    model = tmp_path / "models" / "breast.pkl"
    references = ("-r", f"{workplace.first}:cell_type")
    trained = answer(spatialcore, "train", *references, "-q", workplace.query, "-t", "breast", "-o", model, *QUICK)
    assert trained["genes"] == 30
    assert str(model) in trained["files"]
    done = answer(spatialcore, "annotate", workplace.query, "-m", model, "-o", tmp_path / "out", "--no-plots")
    assert (done["cells"], done["sample"]) == (200, workplace.query.name)
    assert Path(next(name for name in done["files"].values() if name.endswith("annotated.h5ad"))).is_file()
    told = spatialcore("inspect", model)
    assert "B cell" in told.out
    assert answer(spatialcore, "inspect", model)["calibrated"]
    panel = tmp_path / "half.csv"
    panel.write_text("gene\n" + "\n".join([*GENES[:15], "STRANGE1"]))
    matches = answer(spatialcore, "inspect", model, "--against", panel, "--against", workplace.query)["matches"]
    assert matches[str(panel)] == {"shared": 15, "wanted": 30, "pct": 50.0}
    assert matches[str(workplace.query)]["shared"] == 30


def test_train_for_a_panel_without_data(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    panel = tmp_path / "panel.csv"
    pd.DataFrame({"gene": anndata.read_h5ad(workplace.first).var_names}).to_csv(panel, index=False)
    words = ("-r", f"{workplace.first}:cell_type", "-o", tmp_path / "m.pkl", *QUICK)
    assert answer(spatialcore, "train", *words, "--panel", panel)["genes"] == 30
    told = spatialcore("train", *words)
    assert told.code == 2
    assert "--panel genes.csv" in told.err


@pytest.mark.parametrize(
    ("form", "name", "more"),
    [
        ("explorer", "groups.csv", ()),
        ("calls", "calls.parquet", ()),
        ("anndata", "a.zarr", ()),
        ("cellxgene", "portal.h5ad", [word for fact in FACTS.items() for word in ("-f", "=".join(fact))]),
        ("vitessce", "web", ()),
    ],
)
def test_export_to(
    spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path, form: str, name: str, more: Any
) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    found = answer(spatialcore, "export", annotated, "--to", form, "-o", tmp_path / name, *more)
    assert found == {"written": str(tmp_path / name), "form": form, "cells": 200}
    assert (tmp_path / name).exists()


def test_export_to_cellxgene_asks_for_what_is_missing(
    spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path
) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    seen = spatialcore("export", annotated, "--to", "cellxgene", "-o", tmp_path / "portal.h5ad")
    assert seen.code == 2
    for fact in ("title", "donor_id", "tissue_ontology_term_id"):
        assert f"{fact}=" in seen.err
    assert spatialcore("export", annotated, "--to", "calls", "-o", tmp_path / "c.parquet", "-f", "title=x").code == 2


def test_report_anew(spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    found = answer(spatialcore, "report", annotated, "-o", tmp_path / "again.html")
    assert Path(found["report"]).stat().st_size > 50_000


def test_models_and_cache_that_are_empty(spatialcore: Command, tmp_path: Path) -> None:
    assert answer(spatialcore, "models", "ls", "--store", tmp_path) == []
    assert "no model has been published" in spatialcore("models", "ls", "--store", tmp_path).out
    assert answer(spatialcore, "cache", "ls", "--folder", tmp_path) == []
    assert answer(spatialcore, "cache", "clear", "--folder", tmp_path) == []
    assert answer(spatialcore, "models", "show", "breast", "--store", tmp_path, code=3)["error"]["hint"]
    assert answer(spatialcore, "acquire", "--list")[0]["dataset_key"]


def test_inspect_and_report_take_a_uri(spatialcore: Command, workplace: Workplace, monkeypatch: Any) -> None:
    from spatialcore import storage

    storage.put(workplace.first, "memory://bucket/inspected.h5ad")
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("SPATIALCORE_CACHE_DIR", folder)
        assert answer(spatialcore, "inspect", "memory://bucket/inspected.h5ad")["cells"] == 150
    assert answer(spatialcore, "inspect", "memory://bucket/absent.h5ad", code=3)["error"]["type"] == "FileMissingError"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "no queries were given"),
        (("-q", "folder"), "no references were given"),
        (("-q", "folder", "-r", "absent.h5ad:cell_type"), "nothing is at"),
    ],
)
def test_run_says_what_it_lacks(spatialcore: Command, words: tuple[str, ...], part: str) -> None:
    seen = spatialcore("run", *words)
    assert seen.code in {2, 3}
    assert part in seen.err


def test_run_refuses_a_wrong_column_before_it_reads_the_query(spatialcore: Command, workplace: Workplace) -> None:
    seen = spatialcore("run", "-q", workplace.query, "-r", f"{workplace.first}:absent", "-o", "unused")
    assert seen.code == 2
    assert "Columns: cell_type" in seen.err
    assert "reading" not in seen.err


def test_a_folder_that_cannot_be_written_to_is_told_in_words(
    spatialcore: Command, workplace: Workplace, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    seen = spatialcore("acquire", workplace.first, tmp_path / "file" / "reference.h5ad")
    assert seen.code == 5
    assert "Traceback" not in seen.err


@pytest.mark.parametrize(
    ("typed", "wanted"), [("spatialcore ex", "export"), ("spatialcore export --to vi", "vitessce")]
)
def test_the_shell_completes_commands_and_choices(typed: str, wanted: str) -> None:
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1), "_SPATIALCORE_COMPLETE": "complete_bash"}
    code = "import sys; sys.argv = ['spatialcore']; from spatialcore.cli import main; main()"
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=os.environ | words, cwd=ROOT
    )
    assert wanted in seen.stdout


@pytest.mark.slow
def test_demo(spatialcore: Command, tmp_path: Path) -> None:
    found = answer(spatialcore, "demo", "-o", tmp_path / "demo")
    assert found["known"]["cells"] > 200
    assert found["known"]["kept"] > found["known"]["all"] > 0.7


@pytest.mark.slow
def test_ten_thousand_real_xenium_cells_from_the_folder_to_the_viewer(spatialcore: Command, tmp_path: Path) -> None:
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real data folder {SHARED.name}/ is not beside this checkout")
    source, folder = SHARED / "data" / "spatial_xenium_breast_scider.h5ad", tmp_path / "output-breast"
    subprocess.run([sys.executable, ROOT / "tools" / "make_xenium_folder.py", source, folder], check=True, cwd=ROOT)
    lung = anndata.read_h5ad(SHARED / "data" / "nsclc_zilionis300.h5ad")
    lung.obs["cell_type"] = lung.obs["cell_type"].astype(str).str.replace("^[tb](?=[A-Z])", "", regex=True)
    lung.write_h5ad(tmp_path / "a.h5ad")
    pancreas = anndata.read_h5ad(SHARED / "data" / "pancreas_baron_h1.h5ad")
    pancreas.obs = pancreas.obs.rename(columns={"cell_type": "annotation"})
    pancreas.write_h5ad(tmp_path / "b.h5ad")
    words = ["-q", folder, "-r", f"{tmp_path / 'a.h5ad'}:cell_type", "-r", f"{tmp_path / 'b.h5ad'}:annotation"]
    found = answer(spatialcore, "run", *words, "-t", "breast", "-o", tmp_path / "results", "--no-plots")
    assert found["samples"][0]["cells"] == 10_000
    calls = pd.read_parquet(tmp_path / "results" / "output-breast" / "calls.parquet")[CELL_TYPE].astype(str).to_numpy()
    known = anndata.read_h5ad(source).obs["cell_type"].astype(str).to_numpy()
    right = {
        "Fibroblasts": {"fibroblast"},
        "Breast cancer": {"duct epithelial cell"},
        "T cells": {"T cell", "natural killer cell"},
        "B cells": {"B cell", "plasma cell"},
    }
    kept = calls != UNASSIGNED
    assert kept.mean() > 0.6
    assert pd.Series([call in right[label] for call, label in zip(calls[kept], known[kept], strict=True)]).mean() > 0.9
