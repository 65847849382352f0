"""Publish the samples of a run to a folder whose manifest is written last."""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from prefect import task

from spatialcore import storage
from spatialcore.annotation.run_config import RunConfig
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import digest_of, sha256_of_file
from spatialcore.core.text.names import slug_of
from spatialcore.errors import ConflictError, RecordError
from spatialcore.registry import ModelVersion
from spatialcore.storage import StoredFile
from tasks.locks import machine_lock
from tasks.retries import CLOUD
from tasks.schemas import (
    AnnotatedSample,
    MappedLabels,
    RunManifest,
    Sample,
    SampleFiles,
    SamplePlots,
    SourceVersion,
)

if TYPE_CHECKING:
    from spatialcore.report.sample_summary import SampleSummary

log = get_logger(__name__)

MANIFEST = "manifest.json"
COHORT = "cohort.html"
REPORT = "report.html"
PARALLEL_COPIES = 16
MAX_SUMMARIES = 256


@task(name="publish the run", **CLOUD)
def publish_run(
    config: RunConfig,
    references: list[SourceVersion],
    version: ModelVersion,
    samples: list[Sample],
) -> RunManifest:
    """Copy the files of all samples to ``runs/{run id}/`` and write the manifest last.

    The run id is a digest of the content, so that equal results are published once.
    """
    run_id = f"{slug_of(config.tissue)}-{_digest(config.store, version, samples)[:12]}"
    folder = storage.join(config.store, "runs", run_id)
    with machine_lock(folder):
        sample_files = _publish_samples(folder, samples, config.store)
        manifest = RunManifest(
            run_id=run_id,
            tissue=config.tissue,
            config_digest=config.digest(),
            references=tuple(references),
            model_version=version.version,
            model=version.model_files,
            label_mapping=version.contents.get(MappedLabels.TABLE),
            samples=tuple(sample_files),
            cohort=_publish_cohort(folder, f"{config.tissue}: run {run_id}", sample_files),
            uri=storage.join(folder, MANIFEST),
        )
        storage.put_text(storage.text_of(manifest, config.store), manifest.uri)
    return manifest


def _digest(store: str, version: ModelVersion, samples: list[Sample]) -> str:
    """Return the digest of a run: the model version, and name, version and content of each sample."""
    contents = [result.identity for sample in samples for result in sample if result is not None]
    names = [[annotated.sample, storage.relative(store, annotated.source)] for annotated, _ in samples]
    return digest_of([version.version, names, contents])


def _publish_samples(folder: str, samples: list[Sample], store: str) -> list[SampleFiles]:
    """Copy the files of all samples in parallel; copies within a store mostly wait for responses.

    The copies have no manifests of their own: that of the run records them.
    """
    published = _published(folder, store)
    with ThreadPoolExecutor(PARALLEL_COPIES) as pool:
        copies_of_samples = [_start_copies(pool, folder, published, *sample) for sample in samples]
        return [
            _sample_files(annotated, {name: copy.result() for name, copy in copies.items()})
            for (annotated, _), copies in zip(samples, copies_of_samples, strict=True)
        ]


def _published(folder: str, store: str) -> dict[str, StoredFile]:
    """Return the files of the run that an earlier attempt published and that are unchanged, by URI."""
    versions = storage.list_versions(folder)
    uri = storage.join(folder, MANIFEST)
    if storage.canonical(uri) not in versions:
        return {}
    try:
        samples = storage.read_record(RunManifest, uri, store).samples
    except RecordError as error:
        log.warning("the run is published again: %s", error.message)
        return {}
    files = [file for sample in samples for file in sample.files.values()]
    return {file.uri: file for file in files if versions.get(storage.canonical(file.uri)) == file.token}


def _start_copies(
    pool: ThreadPoolExecutor,
    folder: str,
    published: Mapping[str, StoredFile],
    annotated: AnnotatedSample,
    plots: SamplePlots | None,
) -> dict[str, Future[StoredFile]]:
    files = {**annotated.files, **(plots.files if plots is not None else {})}
    target = storage.join(folder, slug_of(annotated.sample))
    return {
        name: pool.submit(copy_context().run, _copy, file, storage.join(target, name), published)
        for name, file in files.items()
    }


def _publish_cohort(folder: str, title: str, samples: list[SampleFiles]) -> StoredFile | None:
    """Write the page that compares the samples of a run; None for a single sample."""
    summaries = cohort_summaries(samples)
    if len(summaries) < 2:
        return None
    from spatialcore.report.cohort import write_cohort

    with TemporaryDirectory(prefix="spatialcore-") as work:
        page = Path(work) / COHORT
        reports = {each.sample: f"{slug_of(each.sample)}/{REPORT}" for each in samples if REPORT in each.files}
        write_cohort(summaries, page, title=title, reports=reports)
        uri = storage.join(folder, COHORT)
        return _unchanged(uri, sha256_of_file(page)) or storage.put(page, uri)


def cohort_summaries(samples: Iterable[SampleFiles]) -> dict[str, "SampleSummary"]:
    """Return the summaries of the samples that have one, by sample name; remote ones are read in parallel."""
    from spatialcore.report.sample_summary import FILE

    files = {sample.sample: sample.files[FILE] for sample in samples if FILE in sample.files}
    with ThreadPoolExecutor(PARALLEL_COPIES) as pool:
        reads = {name: pool.submit(copy_context().run, _summary_in, file) for name, file in files.items()}
        return {name: read.result() for name, read in reads.items()}


@lru_cache(MAX_SUMMARIES)
def _summary_in(file: StoredFile) -> "SampleSummary":
    """Read a summary in one request and check it; the page and the artifacts of a run read it one after the other."""
    from spatialcore.report.sample_summary import SampleSummary

    content = storage.read_bytes(file.uri)
    if hashlib.sha256(content).hexdigest() != file.sha256:
        raise ConflictError(f"{file.uri} was replaced by another version", hint="publish the run again")
    return SampleSummary.model_validate_json(content)


def _sample_files(annotated: AnnotatedSample, copies: dict[str, StoredFile]) -> SampleFiles:
    counts = {name: annotated.facts[name] for name in ("n_obs", "n_assigned", "composition")}
    return SampleFiles.model_validate(
        {"sample": annotated.sample, "source": annotated.source, "files": copies, **counts}
    )


def _copy(file: StoredFile, uri: str, published: Mapping[str, StoredFile]) -> StoredFile:
    """Copy a file within the store, unless the same content was published there."""
    earlier = published.get(storage.canonical(uri))
    return earlier if earlier and earlier.sha256 == file.sha256 else storage.copy(file, uri, manifest=False)


def _unchanged(uri: str, sha256: str) -> StoredFile | None:
    """Return the file at a URI if it has this content."""
    manifest = storage.read_manifest(uri)
    return manifest.file if manifest is not None and manifest.file.sha256 == sha256 else None
