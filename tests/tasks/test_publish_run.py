"""Runs are published: contents, order, and no repeated writes."""

from pathlib import Path

import pytest

from spatialcore import registry, storage
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import ConflictError
from tasks.publish_run import MANIFEST, cohort_summaries, publish_run
from tasks.schemas import RunManifest, Sample
from tasks.stage_cache import local
from tests.tasks.conftest import StageResults


def test_a_run_is_published_once_and_its_manifest_last(
    stage_results: StageResults, samples: list[Sample], published_model: registry.ModelVersion
) -> None:
    manifest = publish_run.fn(stage_results.config, stage_results.references, published_model, samples)
    assert publish_run.fn(stage_results.config, stage_results.references, published_model, samples) == manifest
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
    stage_results: StageResults,
    samples: list[Sample],
    published_model: registry.ModelVersion,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def publish_again() -> RunManifest:
        manifest: RunManifest = publish_run.fn(stage_results.config, stage_results.references, published_model, samples)
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
    stage_results: StageResults, samples: list[Sample], published_model: registry.ModelVersion
) -> None:
    manifest = publish_run.fn(stage_results.config, stage_results.references, published_model, samples)
    sample = manifest.samples[0]
    file = sample.files["summary.json"].model_copy(update={"sha256": "0" * 64})
    other = sample.model_copy(update={"files": {**sample.files, "summary.json": file}})
    with pytest.raises(ConflictError, match=r"summary\.json was replaced by another version"):
        cohort_summaries([other])


def test_several_samples_have_a_comparison_page(
    stage_results: StageResults, samples: list[Sample], published_model: registry.ModelVersion
) -> None:
    both = publish_run.fn(stage_results.config, stage_results.references, published_model, samples)
    one = publish_run.fn(stage_results.config, stage_results.references, published_model, samples[:1])
    assert both.cohort is not None
    page = local(both.cohort).read_text()
    assert all(name in page for name in ("query_0", "query_1"))
    assert one.cohort is None
    assert one.run_id != both.run_id
    assert sorted(cohort_summaries(both.samples)) == ["query_0", "query_1"]
