"""train_and_annotate on real blood cells that are installed with the dependencies."""

import json
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.annotation import train_and_annotate
from spatialcore.core.provenance import sha256_of_file
from spatialcore.demo.accuracy import accuracy_on_known
from spatialcore.demo.blood import LABEL_COLUMN, blood_data
from spatialcore.demo.simulated import simulated_data
from spatialcore.errors import InputError, StorageError


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[ad.AnnData, list[str]]:
    return blood_data(tmp_path_factory.mktemp("demo"))


def annotate(data: tuple[ad.AnnData, list[str]], **settings: Any) -> ad.AnnData:
    query, references = data
    return train_and_annotate(query, references, "blood", label_columns=[LABEL_COLUMN], copy=True, **settings)


@pytest.fixture
def small(tmp_path: Path) -> tuple[ad.AnnData, list[str]]:
    """A query and a reference that are annotated within a second."""
    query, reference = simulated_data()
    reference.write_h5ad(tmp_path / "reference.h5ad")
    return query, [str(tmp_path / "reference.h5ad")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def annotated(data: tuple[ad.AnnData, list[str]], folder: Path) -> ad.AnnData:
    return annotate(data, model_output=folder / "blood.pkl", plot_output=folder / "plots")


def test_all_cells_are_in_the_result_in_order(annotated: ad.AnnData, data: tuple[ad.AnnData, list[str]]) -> None:
    assert annotated.obs_names.equals(data[0].obs_names)


def test_the_columns_of_the_spec_are_written(annotated: ad.AnnData) -> None:
    obs = annotated.obs
    assert obs[columns.CONFIDENCE].between(0, 1).all()
    assert obs[columns.CONFIDENCE_RAW].between(0, 1).all()
    assert obs[columns.ONTOLOGY_ID].astype(str).str.match(r"^(CL:\d{7}|unknown|)$").all()
    assert annotated.obsm[columns.DECISION_SCORES].shape[0] == annotated.n_obs


def test_unassigned_cells_are_those_below_the_threshold_and_have_a_reason(annotated: ad.AnnData) -> None:
    unassigned = annotated.obs[columns.CELL_TYPE].astype(str) == columns.UNASSIGNED
    assert unassigned.equals(annotated.obs[columns.CONFIDENCE] < 0.8)
    reasons = annotated.obs[columns.UNASSIGNED_REASON].astype(str)
    assert (reasons[unassigned] != "").all()
    assert (reasons[~unassigned] == "").all()


def test_calls_are_far_better_than_the_majority(annotated: ad.AnnData) -> None:
    mapping = pd.DataFrame(json.loads(annotated.uns[columns.MANIFEST]["label_mapping_json"]))
    accuracy = accuracy_on_known(annotated, mapping)
    assert accuracy["all"] > 0.75  # the most frequent type is 34 % of the cells
    assert accuracy["kept"] > accuracy["all"]


def test_the_model_has_three_files_and_its_digest_is_in_the_sidecar(annotated: ad.AnnData, folder: Path) -> None:
    sidecar = json.loads((folder / "blood_celltypist.json").read_text())
    assert sidecar["sha256"] == sha256_of_file(folder / "blood.pkl")
    assert set(json.loads((folder / "blood_colors.json").read_text())) >= set(sidecar["classes"])


def test_stock_celltypist_runs_the_model(annotated: ad.AnnData, folder: Path) -> None:
    celltypist = pytest.importorskip("celltypist")
    model = celltypist.models.Model.load(str(folder / "blood.pkl"))
    assert set(model.cell_types) >= set(annotated.obs[columns.PREDICTED].astype(str)) - {columns.UNASSIGNED}


def test_the_four_plots_are_drawn(annotated: ad.AnnData, folder: Path) -> None:
    drawn = {path.name for path in (folder / "plots").glob("*.png")}
    names = ("deg_heatmap", "2d_validation", "confidence", "ontology_mapping")
    assert drawn >= {f"celltyping_{name}.png" for name in names}
    assert (folder / "plots" / "report.html").is_file()


def test_the_manifest_describes_the_run(annotated: ad.AnnData) -> None:
    manifest = annotated.uns[columns.MANIFEST]
    references = json.loads(manifest["references_json"])
    composition = pd.DataFrame(json.loads(manifest["reference_composition_json"]))
    assert len(references) == 2
    assert (composition["after"] <= composition["before"]).all()
    assert json.loads(manifest["versions_json"])["anndata"] == ad.__version__
    assert manifest["random_state"] == 42


def test_the_result_can_be_written_and_read(annotated: ad.AnnData, tmp_path: Path) -> None:
    annotated.write_h5ad(tmp_path / "annotated.h5ad")
    repeated = ad.read_h5ad(tmp_path / "annotated.h5ad")
    pd.testing.assert_frame_equal(repeated.obs, annotated.obs, check_categorical=False)


def test_the_same_seed_gives_the_same_labels_and_coefficients(
    data: tuple[ad.AnnData, list[str]], annotated: ad.AnnData, folder: Path, tmp_path: Path
) -> None:
    repeated = annotate(data, model_output=tmp_path / "blood.pkl", generate_plots=False)
    for name in ("blood.pkl", "blood_celltypist.json", "blood_colors.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    np.testing.assert_array_equal(repeated.obs[columns.CONFIDENCE], annotated.obs[columns.CONFIDENCE])


def test_in_place_returns_the_same_object_and_preserves_other_columns(small: tuple[ad.AnnData, list[str]]) -> None:
    query, references = small
    query.obs[columns.CELL_TYPE] = "mine"
    same = train_and_annotate(query, references, label_columns=["cell_type"], generate_plots=False)
    assert same is query
    assert (query.obs["cell_type_before"] == "mine").all()


def test_label_columns_are_required(data: tuple[ad.AnnData, list[str]]) -> None:
    with pytest.raises(InputError, match="label_columns is missing"):
        train_and_annotate(*data)


def test_an_invalid_value_is_refused_before_the_run(data: tuple[ad.AnnData, list[str]]) -> None:
    with pytest.raises(InputError, match="confidence_threshold"):
        annotate(data, confidence_threshold=7)


@pytest.mark.parametrize("output", ["model_output", "plot_output"])
def test_outputs_below_a_file_are_refused_before_training(
    data: tuple[ad.AnnData, list[str]], tmp_path: Path, output: str
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file is a file, expected a folder"):
        annotate(data, **{"plot_output": tmp_path / "plots", output: tmp_path / "file" / "x"})


def test_a_model_without_a_suffix_and_a_model_in_a_folder(small: tuple[ad.AnnData, list[str]], tmp_path: Path) -> None:
    query, references = small
    settings: dict[str, Any] = {"label_columns": ["cell_type"], "generate_plots": False}
    train_and_annotate(query, references, "blood", model_output=tmp_path / "blood", **settings)
    (tmp_path / "models").mkdir()
    adata = train_and_annotate(query, references, "blood", model_output=tmp_path / "models", **settings)
    assert (tmp_path / "blood.pkl").is_file()
    assert adata.uns[columns.MANIFEST]["model_path"] == str(tmp_path / "models" / "blood_model.pkl")


def test_a_query_without_features_and_a_reference_in_memory_are_refused(data: tuple[ad.AnnData, list[str]]) -> None:
    query, references = data
    with pytest.raises(InputError, match="the query has no features"):
        annotate((query[:, :0].copy(), references))
    with pytest.raises(InputError, match=r"references: expected paths or URIs, not AnnData: write each with"):
        train_and_annotate(query, [query], label_columns=[LABEL_COLUMN])  # type: ignore[list-item]
