"""Artifacts of a run in the Prefect UI: a summary with plots, the composition, and links to the results."""

import asyncio
import base64
import os
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from urllib.parse import quote

from prefect import task
from prefect.artifacts import Artifact, LinkArtifact, MarkdownArtifact, TableArtifact, create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.utilities.asyncutils import run_coro_as_sync

from spatialcore import storage
from spatialcore.core.text.markdown import code, escape
from spatialcore.core.text.names import key_of
from spatialcore.storage import StoredFile
from spatialcore.workflow.run import composition_rows
from tasks.retries import CLOUD
from tasks.schemas import ModelComparison, RunManifest, SampleFiles
from tasks.stage_cache import local

SHOWN = ("plots/celltyping_confidence.png", "plots/celltyping_2d_validation.png")
WIDTH = 1000  # pixels
PARALLEL_REQUESTS = 8
MAX_ROWS = 1000
MAX_SECTIONS = 600_000  # bytes of a summary; further samples become rows of one table
MAX_PLOTS = 300_000  # bytes of a summary; further samples have no plots


@task(name="summarise", **CLOUD)
def summarise(manifest: RunManifest, decision: str = "") -> None:
    """Write the artifacts of a run: a summary with plots, the composition as a table, a link to each report.

    Parameters
    ----------
    manifest
        The published run.
    decision
        Whether the model was put in use, and the reason.
    """
    run_coro_as_sync(_create(artifacts_of(manifest, decision)))


async def _create(artifacts: Iterable[Artifact]) -> None:
    """Create artifacts with a few requests at the same time; raise the error of the first that fails.

    The first request is sent alone: it gets the token against forged requests, of which a client has one at a time.
    """
    slots = asyncio.Semaphore(PARALLEL_REQUESTS)

    async def create(artifact: Artifact) -> None:
        async with slots:
            await artifact.acreate(client)

    async with get_client() as client:
        first, *others = artifacts
        await create(first)
        outcomes = await asyncio.gather(*map(create, others), return_exceptions=True)
    for error in filter(None, outcomes):
        raise error


def artifacts_of(manifest: RunManifest, decision: str = "") -> Iterator[Artifact]:
    """Yield the artifacts of a run: those of the whole run, then two per sample, in the order of the samples.

    Parameters
    ----------
    manifest
        The published run.
    decision
        Whether the model was put in use, and the reason.

    Yields
    ------
    Artifact
        Each under a megabyte.
    """
    yield MarkdownArtifact(
        key=f"summary-{key_of(manifest.tissue)}",
        markdown=markdown(manifest, decision),
        description="Cell types, plots and links to the files of the run",
    )
    if manifest.cohort is not None:
        yield from _artifacts_of_cohort(manifest, manifest.cohort)
    for sample in manifest.samples:
        yield from _artifacts_of_sample(manifest, sample)


def _artifacts_of_sample(manifest: RunManifest, sample: SampleFiles) -> Iterator[Artifact]:
    name = key_of(manifest.tissue, sample.sample)
    yield TableArtifact(
        key=f"composition-{name}",
        table=composition(sample),
        description=f"Cell types of {escape(sample.sample)}",
    )
    if "report.html" in sample.files:
        yield LinkArtifact(
            key=f"report-{name}",
            link=link_of(sample.files["report.html"].uri, manifest.run_id),
            link_text=f"Report of {escape(sample.sample)}",
            description="Self-contained HTML report of the sample",
        )


def _artifacts_of_cohort(manifest: RunManifest, page: StoredFile) -> Iterator[Artifact]:
    from spatialcore.report.cohort import cohort_table
    from tasks.publish_run import cohort_summaries

    table = cohort_table(cohort_summaries(manifest.samples)).reset_index().round(4)
    table["sample"] = table["sample"].map(escape)
    more = f"; the first {MAX_ROWS:,} of {len(table):,}" if len(table) > MAX_ROWS else ""
    records = table.head(MAX_ROWS).astype(object).mask(table.isna(), None).to_dict("records")
    yield TableArtifact(
        key=f"cohort-{key_of(manifest.tissue)}",
        table=[{str(name): value for name, value in row.items()} for row in records],
        description=f"All samples of the run, with outliers marked{more}",
    )
    yield LinkArtifact(
        key=f"cohort-page-{key_of(manifest.tissue)}",
        link=link_of(page.uri, manifest.run_id),
        link_text="All samples side by side",
        description="Composition, call rate, depth, platform shift and confidence of each sample",
    )


@task(name="summarise the comparison", **CLOUD)
def summarise_comparison(tissue: str, comparison: ModelComparison, reason: str) -> None:
    """Write the artifact of a refresh: the decision, and the change of F1 of each class."""
    create_markdown_artifact(
        key=f"promotion-{key_of(tissue)}",
        markdown=comparison_in_markdown(tissue, comparison, reason),
        description="Whether the new model was put in use, and the reason",
    )


def comparison_in_markdown(tissue: str, comparison: ModelComparison, reason: str) -> str:
    """Return the comparison of two models as Markdown: lost and new classes, and the change of F1 of each class."""
    sections = [f"# {escape(tissue)}: new model", escape(reason)]
    sections += [f"Lost: {', '.join(map(escape, comparison.lost))}"] if comparison.lost else []
    sections += [f"New: {', '.join(map(escape, comparison.gained))}"] if comparison.gained else []
    rows = [
        f"| {escape(score.cell_type)} | {score.cells:,} | {score.champion:.3f} | {score.challenger:.3f} | "
        f"{score.challenger - score.champion:+.3f} |"
        for score in comparison.classes
    ]
    head = ["| cell type | held-out cells | F1 in use | F1 new | change |", "|---|---:|---:|---:|---:|"]
    sections += ["\n".join([*head, *rows])] if rows else []
    return "\n\n".join(sections)


def composition(sample: SampleFiles) -> list[dict[str, object]]:
    """Return cells and share per cell type, most frequent first; the UI shows the cells of a table as Markdown."""
    return [
        {"cell type": escape(name), "cells": cells, "share": f"{percent:.1f} %"}
        for name, cells, percent in composition_rows(sample.composition, sample.n_obs)
    ]


def markdown(manifest: RunManifest, decision: str = "") -> str:
    """Return the summary of a run as Markdown with embedded plots.

    Parameters
    ----------
    manifest
        The published run.
    decision
        Whether the model was put in use, and the reason.

    Returns
    -------
    str
        At most about a megabyte: of many samples, only the first have plots, and the last are rows of one table.
    """
    sections = [
        f"# {escape(manifest.tissue)}: run {escape(manifest.run_id)}",
        f"Model {code(manifest.model_version)}{decision and f': {escape(decision)}'}. Manifest: {code(manifest.uri)}",
        *_samples(manifest),
        "## References",
        *(f"- {code(reference.uri)} (version {code(reference.token)})" for reference in manifest.references),
    ]
    return "\n\n".join(sections)


def _samples(manifest: RunManifest) -> Iterator[str]:
    """Yield the section of each sample, within the limits of size."""
    size = 0
    for number, sample in enumerate(manifest.samples):
        section = _sample(sample, manifest.run_id)
        if (size := size + len(section)) > MAX_SECTIONS:
            yield from _table_of_samples(manifest.samples[number:], manifest.run_id)
            return
        yield section
        for name in (name for name in SHOWN if name in sample.files and size < MAX_PLOTS):
            plot = _picture(sample, name)
            size += len(plot)
            yield plot


def _table_of_samples(samples: Sequence[SampleFiles], run_id: str) -> Iterator[str]:
    """Yield a table with one row per sample."""
    rows = [_row(sample, run_id) for sample in samples[:MAX_ROWS]]
    yield "## More samples\n\n| sample | cells | called |\n|---|---:|---:|\n" + "\n".join(rows)
    if len(samples) > MAX_ROWS:
        yield f"... and {len(samples) - MAX_ROWS:,} more: see the manifest."


def _row(sample: SampleFiles, run_id: str) -> str:
    report = sample.files.get("report.html")
    address = link_of(report.uri, run_id) if report else ""
    name = f"[{escape(sample.sample)}]({address})" if address.startswith("http") else escape(sample.sample)
    return f"| {name} | {sample.n_obs:,} | {100 * sample.n_assigned / max(1, sample.n_obs):.1f} % |"


def link_of(uri: str, run_id: str) -> str:
    """Return a link to a file of a run: at the results server if there is one, else its ``file://`` or storage URI."""
    server = os.environ.get("SPATIALCORE_FILES_URL")
    if server:
        return f"{server}/runs/{quote(run_id + uri.rpartition(f'/runs/{run_id}')[2])}"
    path = storage.local_path(uri)
    return f"file://{path}" if path else uri


def _sample(sample: SampleFiles, run_id: str) -> str:
    share = 100 * sample.n_assigned / max(1, sample.n_obs)
    rows = "\n".join(f"| {row['cell type']} | {row['cells']:,} | {row['share']} |" for row in composition(sample))
    addresses = {name: link_of(file.uri, run_id) for name, file in sample.files.items() if "/" not in name}
    files = "\n".join(f"- {_link(*file)}" for file in sorted(addresses.items(), key=_report_first))
    return (
        f"## {escape(sample.sample)}\n\n{sample.n_obs:,} cells, {share:.1f} % called.\n\n{files}\n\n"
        f"| cell type | cells | share |\n|---|---:|---:|\n{rows}"
    )


def _report_first(file: tuple[str, str]) -> tuple[bool, str]:
    return file[0] != "report.html", file[0]


def _link(name: str, address: str) -> str:
    """Return a link if a browser can follow it, else the address as text."""
    return f"[{escape(name)}]({address})" if address.startswith("http") else f"{escape(name)}: {code(address)}"


def _picture(sample: SampleFiles, name: str) -> str:
    from PIL import Image

    image = Image.open(local(sample.files[name])).convert("RGB")
    image.thumbnail((WIDTH, WIDTH))
    buffer = BytesIO()
    image.save(buffer, format="WEBP", quality=80)
    return f"![{name}](data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()})"
