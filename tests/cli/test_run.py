"""spatialcore run: results, dry runs, checks of settings, and errors before slow steps."""

import json
import subprocess
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml

from spatialcore.columns import CELL_TYPE, MANIFEST, UNASSIGNED
from tests.cli.workplace import ROOT, Command, Workplace, counted, json_output
from tests.conftest import SHARED_FOLDER


def test_run_writes_every_cell_in_order(results: Path, workplace: Workplace) -> None:
    sample = results / workplace.query.name
    annotated = ad.read_h5ad(sample / "annotated.h5ad")
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


def test_written_configuration_can_be_run_again(spatialcore: Command, results: Path) -> None:
    output = json_output(spatialcore, "run", results / "model" / "config.yaml", "--dry-run")
    assert output["ok"]
    assert output["peak_bytes"] > 5e8
    store = next(check for check in output["checks"] if check["subject"].startswith("store"))
    assert store["detail"] == "contains results, which will be replaced"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ((), "no queries given"),
        (("-q", "folder"), "no references given"),
        (("-q", "folder", "-r", "absent.h5ad:cell_type"), "no such file or folder"),
    ],
)
def test_missing_queries_and_references(spatialcore: Command, words: tuple[str, ...], part: str) -> None:
    outcome = spatialcore("run", *words)
    assert outcome.code in {2, 3}
    assert part in outcome.err


def test_missing_label_column_is_refused_before_reading_the_query(spatialcore: Command, workplace: Workplace) -> None:
    outcome = spatialcore("run", "-q", workplace.query, "-r", f"{workplace.first}:absent", "-o", "unused")
    assert outcome.code == 2
    assert "Columns: cell_type" in outcome.err
    assert "reading" not in outcome.err


@pytest.mark.slow
def test_ten_thousand_real_xenium_cells(spatialcore: Command, tmp_path: Path) -> None:
    if not (SHARED_FOLDER / "data").is_dir():
        pytest.skip(f"the real data folder {SHARED_FOLDER.name}/ is not beside this checkout")
    source, folder = SHARED_FOLDER / "data" / "spatial_xenium_breast_scider.h5ad", tmp_path / "output-breast"
    subprocess.run([sys.executable, ROOT / "tools" / "make_xenium_folder.py", source, folder], check=True, cwd=ROOT)
    lung = ad.read_h5ad(SHARED_FOLDER / "data" / "nsclc_zilionis300.h5ad")
    lung.obs["cell_type"] = lung.obs["cell_type"].astype(str).str.replace("^[tb](?=[A-Z])", "", regex=True)
    lung.write_h5ad(tmp_path / "a.h5ad")
    pancreas = ad.read_h5ad(SHARED_FOLDER / "data" / "pancreas_baron_h1.h5ad")
    pancreas.obs = pancreas.obs.rename(columns={"cell_type": "annotation"})
    pancreas.write_h5ad(tmp_path / "b.h5ad")
    arguments = ["-q", folder, "-r", f"{tmp_path / 'a.h5ad'}:cell_type", "-r", f"{tmp_path / 'b.h5ad'}:annotation"]
    output = json_output(spatialcore, "run", *arguments, "-t", "breast", "-o", tmp_path / "results", "--no-plots")
    assert output["samples"][0]["cells"] == 10_000
    calls = pd.read_parquet(tmp_path / "results" / "output-breast" / "calls.parquet")[CELL_TYPE].astype(str).to_numpy()
    truth = ad.read_h5ad(source).obs["cell_type"].astype(str).to_numpy()
    right = {
        "Fibroblasts": {"fibroblast"},
        "Breast cancer": {"duct epithelial cell"},
        "T cells": {"T cell", "natural killer cell"},
        "B cells": {"B cell", "plasma cell"},
    }
    assigned = calls != UNASSIGNED
    assert assigned.mean() > 0.3  # no reference is of breast, so confidences are lower where the profiles do not fit
    assert (
        pd.Series([call in right[label] for call, label in zip(calls[assigned], truth[assigned], strict=True)]).mean()
        > 0.9
    )


def test_dry_run_writes_nothing(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    outcome = spatialcore("run", *workplace.arguments, "-o", tmp_path / "out", "--dry-run")
    assert outcome.code == 0
    assert "ready to run" in outcome.out
    assert not (tmp_path / "out").exists()


def test_dry_run_lists_all_problems(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    other_genes = tmp_path / "other_genes.h5ad"
    counted(60, [f"OTHER{i}" for i in range(30)], seed=5).write_h5ad(other_genes)
    arguments = ["-q", workplace.query, "-r", f"{workplace.first}:cell_typo", "-r", f"{other_genes}:cell_type"]
    arguments += [
        "-r",
        "nowhere.h5ad:cell_type",
        "-s",
        "target_proportions=absent.csv",
        "-o",
        workplace.first,
        "--dry-run",
    ]
    outcome = spatialcore("run", *arguments, "--json")
    assert outcome.code == 2
    output = json.loads(outcome.out)
    problems = {check["subject"]: check["detail"] for check in output["checks"] if not check["ok"]}
    assert not output["ok"]
    assert "Columns: cell_type" in problems["reference first.h5ad"]
    assert problems["panel genes in other_genes.h5ad"].startswith("0 of 30")
    assert "reference nowhere.h5ad" in problems
    assert "target proportions" in problems
    assert any(subject.startswith("store ") for subject in problems)


def test_options_override_the_configuration_file(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    content = {
        "tissue": "breast",
        "queries": [str(workplace.query)],
        "references": [f"{workplace.first}:absent"],
        "store": str(tmp_path / "out"),
    }
    config.write_text(yaml.safe_dump(content))
    assert spatialcore("run", config, "--dry-run").code == 2
    assert spatialcore("run", config, "-r", f"{workplace.first}:cell_type", "--dry-run").code == 0


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--threshold", "7"), "confidence_threshold"),
        (("-s", "max_cells_per_type=-1"), "max_cells_per_type"),
        (("-s", "nonsense=1"), "nonsense"),
        (("-s", "nonsense"), "no '='"),
    ],
)
def test_values_are_checked(spatialcore: Command, workplace: Workplace, words: tuple[str, ...], part: str) -> None:
    outcome = spatialcore("run", *workplace.arguments, *words, "--dry-run")
    assert outcome.code == 2
    assert part in outcome.err


def test_invalid_yaml(spatialcore: Command, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("tissue: [breast")
    outcome = spatialcore("run", tmp_path / "c.yaml")
    assert outcome.code == 2
    assert "not valid YAML" in outcome.err


def test_output_is_a_file(spatialcore: Command, workplace: Workplace) -> None:
    arguments = ["-q", workplace.query, "-r", f"{workplace.first}:cell_type", "-o", workplace.first]
    outcome = spatialcore("run", *arguments)
    assert outcome.code == 5
    assert "is a file, expected a folder" in outcome.err
    assert "reading" not in outcome.err


def test_data_passed_as_configuration(spatialcore: Command, workplace: Workplace) -> None:
    outcome = spatialcore("run", workplace.first)
    assert outcome.code == 2
    assert f"--query {workplace.first}" in outcome.err.replace("\n", "")


def test_two_queries_with_one_name(spatialcore: Command, workplace: Workplace) -> None:
    outcome = spatialcore("run", "-q", workplace.query, "-q", workplace.query, "-r", f"{workplace.first}:cell_type")
    assert "give each a different 'sample' name" in outcome.err
    assert "Value error" not in outcome.err
    assert "seen:" not in outcome.err


def test_unknown_setting(spatialcore: Command, workplace: Workplace) -> None:
    outcome = spatialcore("run", *workplace.arguments, "-s", "confidence_treshold=0.7")
    assert "unknown setting" in outcome.err
    assert "did you mean confidence_threshold" in outcome.err


def test_label_column_with_cell_names(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    reference = ad.read_h5ad(workplace.first)
    reference.obs["barcode"] = pd.Categorical([f"c{i}" for i in range(reference.n_obs)])
    reference.write_h5ad(tmp_path / "r.h5ad")
    arguments = ["-q", workplace.query, "-r", f"{tmp_path}/r.h5ad:barcode", "-o", tmp_path / "out"]
    outcome = spatialcore("run", *arguments)
    assert outcome.code == 2
    assert "no labelled cell is left in r" in outcome.err
    assert "pass another label column" in outcome.err


@pytest.mark.parametrize("command", ["run", "annotate"])
def test_the_unit_of_the_coordinates_is_stated(
    spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path, command: str
) -> None:
    cells = ad.read_h5ad(workplace.first)[:60].copy()
    cells.obsm["spatial"] = np.random.default_rng(0).uniform(0, 300, (cells.n_obs, 2))
    cells.write_h5ad(tmp_path / "q.h5ad")
    config = tmp_path / "config.yaml"
    content = {"queries": [str(tmp_path / "q.h5ad")], "references": [f"{workplace.first}:cell_type"]}
    config.write_text(yaml.safe_dump(content))
    words = {
        "run": ("run", config, "-s", "min_cells_per_type=5"),
        "annotate": ("annotate", tmp_path / "q.h5ad", "-m", next((results / "model").glob("*.pkl"))),
    }[command]
    assert spatialcore(*words, "-o", tmp_path / "out", "--no-plots", "--unit", "um").code == 0
    annotated = ad.read_h5ad(tmp_path / "out" / "q" / "annotated.h5ad")
    assert annotated.uns["spatialcore_source"]["unit"] == "µm"
    outcome = spatialcore(*words, "-o", tmp_path / "other", "--unit", "furlong")
    assert outcome.code == 2
    assert "'furlong' is not a unit of coordinates" in outcome.err
    assert not (tmp_path / "other").exists()


def test_cells_without_coordinates_are_annotated_without_maps(
    spatialcore: Command, workplace: Workplace, tmp_path: Path
) -> None:
    adata = ad.read_h5ad(workplace.first)
    adata.obsm["spatial"] = np.full((adata.n_obs, 2), np.nan)
    adata.write_h5ad(tmp_path / "q.h5ad")
    arguments = ["-q", tmp_path / "q.h5ad", "-r", f"{workplace.first}:cell_type", "-s", "min_cells_per_type=5"]
    outcome = spatialcore("run", *arguments, "-o", tmp_path / "out")
    assert outcome.code == 0
    plots = {path.name for path in (tmp_path / "out" / "q" / "plots").glob("*.png")}
    assert "celltyping_confidence.png" in plots
    assert "celltyping_celltype_map.png" not in plots
