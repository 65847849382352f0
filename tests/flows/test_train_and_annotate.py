"""The main flow: its published results, and the stages that run again after a change."""

import json
import shutil
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from prefect.artifacts import Artifact

from flows.parameters import HELD_OUT, TrainAndAnnotateParameters
from flows.train_and_annotate import train_and_annotate
from spatialcore import columns, registry
from spatialcore.annotation import stages
from spatialcore.annotation.comparison import split_held_out
from spatialcore.core.provenance import sha256_of_file
from spatialcore.demo.blood import LABEL_COLUMN
from spatialcore.errors import ConflictError
from tasks.in_memory import LatestResult
from tasks.schemas import RunManifest
from tasks.stage_cache import local
from tests.flows.conftest import blood_config

ALL_STAGES = [
    "read_query",
    "gather",
    "combine",
    "map_ontology",
    "balance",
    "train",
    "annotate",
    "keep_confident",
    "plot",
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def first_run(blood: Path, store: Path) -> RunManifest:
    return train_and_annotate(blood_config(blood, store, generate_plots=True))


def test_every_file_in_the_manifest_exists(first_run: RunManifest) -> None:
    (sample,) = first_run.samples
    files = [*first_run.model.values(), *sample.files.values()]
    assert all(local(file).stat().st_size == file.size for file in files)
    assert {"annotated.h5ad", "calls.parquet", "cell_groups.csv", "report.html"} <= set(sample.files)
    assert json.loads(Path(first_run.uri).read_text())["run_id"] == first_run.run_id


def test_every_cell_is_in_the_result_and_the_composition(first_run: RunManifest, blood: Path) -> None:
    (sample,) = first_run.samples
    annotated_bytes = ad.read_h5ad(local(sample.files["annotated.h5ad"]))
    assert list(annotated_bytes.obs_names) == list(ad.read_h5ad(blood / "query.h5ad").obs_names)
    assert annotated_bytes.obs[columns.CELL_TYPE].value_counts().to_dict() == sample.composition
    assert sum(sample.composition.values()) == sample.n_obs


def test_the_data_record_the_path_of_the_model(first_run: RunManifest) -> None:
    annotated_bytes = ad.read_h5ad(local(first_run.samples[0].files["annotated.h5ad"]))
    manifest = annotated_bytes.uns[columns.MANIFEST]
    assert Path(manifest["model_path"]).is_file()
    assert manifest["model_sha256"] == first_run.model["blood.pkl"].sha256


def test_the_model_is_in_use_and_its_folder_describes_it(first_run: RunManifest, store: Path) -> None:
    version = registry.show(str(store), "blood")
    assert version.version == first_run.model_version
    assert set(first_run.model) == {"blood.pkl", "blood_celltypist.json", "blood_colors.json"}
    described = {"card.md", "config.yaml", "run_manifest.json", "label_mapping.csv", "report.html"}
    assert described <= set(version.contents)
    assert any(name.startswith("plots/") for name in version.contents)
    assert "| dendritic cell | CL:0000451 |" in local(version.contents["card.md"]).read_text()
    manifest = json.loads(local(version.contents["run_manifest.json"]).read_text())
    assert [item["token"] for item in manifest["reference_versions"]] == [item.token for item in first_run.references]


def test_the_pointer_is_moved_last(first_run: RunManifest, store: Path) -> None:
    pointer = store / "models" / "blood" / "current.json"
    written = [path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file() and path != pointer]
    assert first_run.run_id in pointer.read_text()
    assert pointer.stat().st_mtime_ns >= max(written)


def test_without_changes_no_stage_runs(
    first_run: RunManifest, blood: Path, store: Path, computed_stages: list[str]
) -> None:
    second_run = train_and_annotate(blood_config(blood, store, generate_plots=True))
    assert computed_stages == []
    assert second_run.run_id == first_run.run_id


def test_a_changed_threshold_runs_filter_and_plots(
    first_run: RunManifest, blood: Path, store: Path, computed_stages: list[str]
) -> None:
    lower = train_and_annotate(blood_config(blood, store, generate_plots=True, confidence_threshold=0.5))
    assert computed_stages == ["keep_confident", "plot"]
    assert lower.samples[0].n_assigned > first_run.samples[0].n_assigned


def test_a_changed_seed_runs_the_draws_and_later_stages(
    first_run: RunManifest, blood: Path, store: Path, computed_stages: list[str]
) -> None:
    train_and_annotate(blood_config(blood, store, random_state=7))
    assert computed_stages[0] == "combine"
    assert "read_query" not in computed_stages


def test_a_changed_reference_runs_later_stages(
    first_run: RunManifest, blood: Path, store: Path, tmp_path: Path, computed_stages: list[str]
) -> None:
    config = _with_changed_reference(blood, store, tmp_path)
    changed = train_and_annotate(config)
    assert computed_stages == ["combine", "map_ontology", "balance", "train", "annotate", "keep_confident"]
    assert changed.model_version != first_run.model_version


def test_an_altered_result_is_computed_again(
    first_run: RunManifest, blood: Path, store: Path, computed_stages: list[str]
) -> None:
    models = {sha256_of_file(path): path for path in (store / "cache").glob("train-*/blood.pkl")}
    models[first_run.model["blood.pkl"].sha256].write_bytes(b"altered")
    second_run = train_and_annotate(blood_config(blood, store))
    assert computed_stages == ["train"]
    assert second_run.model_version == first_run.model_version  # the same training gives the same bytes


def test_data_from_memory_and_from_disk_give_the_same_result(
    first_run: RunManifest, blood: Path, store: Path, computed_stages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def annotated_bytes() -> bytes:
        return local(first_run.samples[0].files["annotated.h5ad"]).read_bytes()

    from_memory = annotated_bytes()
    for folder in (store / "cache").glob("*"):
        if folder.name.partition("-")[0] in {"read_query", "annotate", "keep_confident"}:
            shutil.rmtree(folder)
    monkeypatch.setattr(LatestResult, "keep", lambda *_: None)
    assert train_and_annotate(blood_config(blood, store, generate_plots=True)).run_id == first_run.run_id
    assert {"read_query", "annotate", "keep_confident"} <= set(computed_stages)
    assert annotated_bytes() == from_memory


def test_a_reference_replaced_while_it_is_read_stops_the_run(
    blood: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = _with_changed_reference(blood, tmp_path / "store", tmp_path)
    combine = stages.combine

    def replace(*inputs: Any) -> ad.AnnData:
        combined = combine(*inputs)
        Path(config.references[0].uri).touch()
        return combined

    monkeypatch.setattr(stages, "combine", replace)
    with pytest.raises(ConflictError, match=r"pbmc68k_part1\.h5ad changed while"):
        train_and_annotate(config)
    assert not list((tmp_path / "store" / "cache").glob("combine-*"))


def test_several_samples_share_one_model(blood: Path, store: Path, computed_stages: list[str]) -> None:
    queries = [{"uri": str(blood / "query.h5ad"), "sample": name} for name in ("a", "b")]
    run = train_and_annotate(blood_config(blood, store, queries=queries))
    assert [sample.sample for sample in run.samples] == ["a", "b"]
    assert computed_stages.count("train") == 1
    tables = [pd.read_parquet(local(sample.files["calls.parquet"])) for sample in run.samples]
    pd.testing.assert_frame_equal(*tables)


def test_the_promotion_setting_runs_no_stage_again(
    first_run: RunManifest, blood: Path, store: Path, computed_stages: list[str]
) -> None:
    other = train_and_annotate(blood_config(blood, store, confidence_threshold=0.5, random_state=7))
    assert registry.show(str(store), "blood").version == other.model_version != first_run.model_version
    computed_stages.clear()
    without_promotion = train_and_annotate(blood_config(blood, store, generate_plots=True, promote="never"))
    assert registry.show(str(store), "blood").version == other.model_version
    with_promotion = train_and_annotate(blood_config(blood, store, generate_plots=True, promote="always"))
    assert registry.show(str(store), "blood").version == first_run.model_version, "only the pointer moves"
    assert computed_stages == []
    assert {run.run_id for run in (without_promotion, with_promotion)} == {first_run.run_id}


def test_comparing_models_runs_the_draw_and_later_stages_once(
    first_run: RunManifest, blood: Path, store: Path, computed_stages: list[str]
) -> None:
    compared = train_and_annotate(blood_config(blood, store, promote="if_not_worse"))
    assert computed_stages == ["hold_out", "balance", "train", "annotate", "keep_confident"]
    assert compared.model_version != first_run.model_version, "a tenth of the cells is held out"
    computed_stages.clear()
    registry.promote(str(store), "blood", compared.model_version)
    train_and_annotate(blood_config(blood, store, promote="if_not_worse"))
    assert computed_stages == [], "a promotion by the user runs no stage again"


@pytest.mark.parametrize("promote", ["if_not_worse", "never"])
def test_a_worse_model_is_published_and_not_put_in_use(blood: Path, tmp_path: Path, promote: str) -> None:
    store = tmp_path / "store"  # other tests change the model in use of the shared store
    train_and_annotate(blood_config(blood, store))
    in_use = registry.show(str(store), "blood").version
    references = _with_shuffled_labels(blood, tmp_path)
    run = train_and_annotate(blood_config(blood, store, references=references, promote=promote))
    assert run.model_version in {version.version for version in registry.versions(str(store), "blood")}
    assert run.model_version != in_use
    assert registry.show(str(store), "blood").version == in_use


def test_a_model_that_is_not_worse_is_put_in_use_and_the_move_has_a_reason(blood: Path, tmp_path: Path) -> None:
    worse = _with_shuffled_labels(blood, tmp_path)
    train_and_annotate(blood_config(blood, tmp_path, promote="if_not_worse", references=worse))
    better = train_and_annotate(blood_config(blood, tmp_path, promote="if_not_worse"))
    pointer = registry.current(str(tmp_path), "blood")
    assert pointer is not None
    assert [move.reason[:20] for move in pointer.moves] == ["there was no model i", "macro-F1 on held-out"]
    assert pointer.version == better.model_version
    comparison = Artifact.get("promotion-blood")
    assert comparison is not None
    assert "| cell type | held-out cells | F1 in use | F1 new | change |" in str(comparison.data)


def _with_shuffled_labels(blood: Path, folder: Path) -> list[dict[str, str]]:
    """Write the references with shuffled labels of the training cells, and return them for a configuration."""
    references = []
    for path in sorted(blood.glob("pbmc68k_part*.h5ad")):
        data = ad.read_h5ad(path)
        trained_on = split_held_out(data, HELD_OUT)[0].obs_names
        labels = data.obs[LABEL_COLUMN].astype(str)
        labels[trained_on] = np.random.default_rng(0).permutation(labels[trained_on])
        data.obs[LABEL_COLUMN] = labels
        data.write_h5ad(folder / path.name)
        references.append({"uri": str(folder / path.name), "label_column": LABEL_COLUMN})
    return references


def _with_changed_reference(blood: Path, store: Path, folder: Path) -> TrainAndAnnotateParameters:
    for path in blood.glob("*.h5ad"):
        shutil.copy2(path, folder / path.name)  # with its modification time, so that the version stays the same
    changed = ad.read_h5ad(folder / "pbmc68k_part1.h5ad")[:-10].copy()
    changed.write_h5ad(folder / "pbmc68k_part1.h5ad")
    config = blood_config(blood, store)
    references = [config.references[0].model_copy(update={"uri": str(folder / "pbmc68k_part1.h5ad")})]
    return config.model_copy(update={"references": references + config.references[1:]})
