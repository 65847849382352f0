"""Publish models and runs: contents, order, and no repeated writes."""

import json
from pathlib import Path

import anndata as ad
import pytest

from spatialcore import registry, storage
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.provenance import sha256_of_file
from spatialcore.core.text.markdown import code, escape
from spatialcore.errors import ConflictError
from tasks.publish import MANIFEST, cohort_summaries, promote, publish_model, publish_run
from tasks.schemas import RunManifest, Sample
from tasks.stage_cache import local
from tests.tasks.conftest import StageResults


@pytest.fixture
def samples(stage_results: StageResults) -> list[Sample]:
    return [(stage_results.annotated[0], stage_results.plots), (stage_results.annotated[1], None)]


def publish(stage_results: StageResults, samples: list[Sample]) -> registry.ModelVersion:
    return publish_model.fn(
        stage_results.config,
        stage_results.model,
        stage_results.mapped,
        stage_results.training,
        stage_results.references,
        samples,
        {"scores": {"challenger": 0.9}},
        stage_results.held_out,
    )


def test_a_model_is_published_with_its_description_and_is_not_in_use(
    stage_results: StageResults, samples: list[Sample]
) -> None:
    version = publish(stage_results, samples)
    assert registry.current(stage_results.config.store, "blood") is None
    assert registry.versions(stage_results.config.store, "blood") == [version]
    expected = {"config.yaml", "run_manifest.json", "card.md", "label_mapping.csv", "report.html", "held_out.h5ad"}
    assert expected <= version.contents.keys()
    assert version.details["scores"] == {"challenger": 0.9}
    card = local(version.contents["card.md"]).read_text()
    assert all(
        f"| {code(reference.uri)} | {escape(reference.token)} |" in card for reference in stage_results.references
    )
    manifest = json.loads(local(version.contents["run_manifest.json"]).read_text())
    assert [item["uri"] for item in manifest["reference_versions"]] == [item.uri for item in stage_results.references]


def test_held_out_cells_are_published_with_counts_and_classes_only(
    stage_results: StageResults, samples: list[Sample]
) -> None:
    cells = ad.read_h5ad(local(publish(stage_results, samples).contents["held_out.h5ad"]))
    counts = ad.read_h5ad(local(stage_results.combined.counts))[cells.obs_names]
    assert list(cells.obs.columns) == ["unified_cell_type"]
    assert cells.n_obs == stage_results.held_out.facts["n_held_out"]
    assert (cells.layers["counts"] != counts.layers["counts"]).nnz == 0
    assert (log1p_normalize(cells.layers["counts"]) != cells.X).nnz == 0


def test_promoting_twice_moves_the_pointer_once(
    stage_results: StageResults, samples: list[Sample], tmp_path: Path
) -> None:
    config = stage_results.config.model_copy(update={"store": str(tmp_path)})
    version = registry.publish(config.store, "blood", [local(stage_results.model.files["blood.pkl"])])
    first = promote.fn(config.store, version, "better")
    assert promote.fn(config.store, version, "again") == first
    assert [(move.version, move.reason) for move in first.moves] == [(version.version, "better")]


def test_a_run_is_published_once_and_its_manifest_last(stage_results: StageResults, samples: list[Sample]) -> None:
    version = publish(stage_results, samples)
    manifest = publish_run.fn(stage_results.config, stage_results.references, version, samples)
    assert publish_run.fn(stage_results.config, stage_results.references, version, samples) == manifest
    folder = Path(manifest.uri).parent
    assert folder == Path(stage_results.config.store) / "runs" / manifest.run_id
    assert storage.read_record(RunManifest, manifest.uri, stage_results.config.store) == manifest
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert max(times, key=lambda path: times[path]).name.startswith(MANIFEST)
    for sample, (annotated, _) in zip(manifest.samples, samples, strict=True):
        for name, file in annotated.files.items():
            assert Path(sample.files[name].uri) == folder / annotated.sample / name
            assert sha256_of_file(Path(sample.files[name].uri)) == file.sha256
    assert "report.html" in manifest.samples[0].files
    assert "report.html" not in manifest.samples[1].files


def test_an_incomplete_or_altered_run_is_published_again(
    stage_results: StageResults, samples: list[Sample], caplog: pytest.LogCaptureFixture
) -> None:
    version = publish(stage_results, samples)

    def publish_again() -> RunManifest:
        manifest: RunManifest = publish_run.fn(stage_results.config, stage_results.references, version, samples)
        return manifest

    first = publish_again()
    altered, intact = (Path(first.samples[0].files[name].uri) for name in ("calls.parquet", "annotated.h5ad"))
    at = intact.stat().st_mtime_ns
    altered.write_bytes(b"other")
    assert publish_again().samples[0].files["calls.parquet"].sha256 == sha256_of_file(altered)
    assert altered.read_bytes() != b"other"
    assert intact.stat().st_mtime_ns == at, "an unchanged file was copied again"
    Path(first.uri).write_text(Path(first.uri).read_text()[:100])
    assert {file.sha256 for sample in publish_again().samples for file in sample.files.values()} == {
        file.sha256 for sample in first.samples for file in sample.files.values()
    }
    assert "the run is published again" in caplog.text


def test_a_replaced_summary_is_not_mistaken_for_the_published_one(
    stage_results: StageResults, samples: list[Sample]
) -> None:
    manifest = publish_run.fn(stage_results.config, stage_results.references, publish(stage_results, samples), samples)
    sample = manifest.samples[0]
    file = sample.files["summary.json"].model_copy(update={"sha256": "0" * 64})
    other = sample.model_copy(update={"files": {**sample.files, "summary.json": file}})
    with pytest.raises(ConflictError, match=r"summary\.json was replaced by another version"):
        cohort_summaries([other])


def test_several_samples_have_a_comparison_page(stage_results: StageResults, samples: list[Sample]) -> None:
    version = publish(stage_results, samples)
    both = publish_run.fn(stage_results.config, stage_results.references, version, samples)
    one = publish_run.fn(stage_results.config, stage_results.references, version, samples[:1])
    assert both.cohort is not None
    page = local(both.cohort).read_text()
    assert all(name in page for name in ("query_0", "query_1"))
    assert one.cohort is None
    assert one.run_id != both.run_id
    assert sorted(cohort_summaries(both.samples)) == ["query_0", "query_1"]
