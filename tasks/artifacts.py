"""What the Prefect UI shows of a run: composition, plots, and where everything lies."""

import base64
import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from urllib.parse import quote

from prefect import task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from spatialcore import storage
from spatialcore.core.text.markdown import code, escape
from spatialcore.core.text.names import key_of
from spatialcore.workflow.run import composition_rows
from tasks.retries import CLOUD
from tasks.schemas import ModelComparison, RunManifest, SampleFiles
from tasks.stage_cache import local

SHOWN = ("plots/celltyping_confidence.png", "plots/celltyping_2d_validation.png")
WIDTH = 1000
MOST_ROWS = 1000
LARGEST = 600_000  # bytes of a summary after which samples are rows of one table
PLOTS = 300_000  # and after which they have no plots


@task(name="summarise", **CLOUD)
def summarise(manifest: RunManifest, told: str = "") -> None:
    """Write the run's artifacts: a summary with plots, the composition as a table, a link to each report.

    ``told`` is what was decided of the model.
    """
    create_markdown_artifact(
        key=f"summary-{key_of(manifest.tissue)}",
        markdown=markdown(manifest, told),
        description="What was found, and where it lies",
    )
    if manifest.cohort is not None:
        _summarise_cohort(manifest)
    for sample in manifest.samples:
        name = key_of(manifest.tissue, sample.sample)
        create_table_artifact(
            key=f"composition-{name}", table=composition(sample), description=f"Cell types of {sample.sample}"
        )
        if "report.html" in sample.files:
            create_link_artifact(
                key=f"report-{name}",
                link=link_of(sample.files["report.html"].uri, manifest.run_id),
                link_text=f"Report of {sample.sample}",
                description="The self-contained page that tells the story of the run",
            )


def _summarise_cohort(manifest: RunManifest) -> None:
    assert manifest.cohort is not None
    from spatialcore.report.cohort import cohort_table
    from tasks.publish import cohort_summaries

    table = cohort_table(cohort_summaries(manifest.samples)).reset_index().round(4)
    records = table.astype(object).mask(table.isna(), None).to_dict("records")
    create_table_artifact(
        key=f"cohort-{key_of(manifest.tissue)}",
        table=[{str(name): value for name, value in row.items()} for row in records],
        description="The samples of the run side by side, and which stand apart",
    )
    create_link_artifact(
        key=f"cohort-page-{key_of(manifest.tissue)}",
        link=link_of(manifest.cohort.uri, manifest.run_id),
        link_text="All samples side by side",
        description="Composition, call rate, depth, platform shift and confidence of each sample",
    )


@task(name="summarise the comparison", **CLOUD)
def summarise_comparison(tissue: str, comparison: ModelComparison, reason: str) -> None:
    """Write the artifact of a refresh: what was decided, and how the score of each class changes."""
    create_markdown_artifact(
        key=f"promotion-{key_of(tissue)}",
        markdown=comparison_in_markdown(tissue, comparison, reason),
        description="Whether the new model is in use, and why",
    )


def comparison_in_markdown(tissue: str, comparison: ModelComparison, reason: str) -> str:
    """Return the comparison of two models as Markdown: classes that go and come, then the change of each class."""
    parts = [f"# {escape(tissue)}: new model", escape(reason)]
    parts += [f"Lost: {', '.join(map(escape, comparison.lost))}"] if comparison.lost else []
    parts += [f"New: {', '.join(map(escape, comparison.gained))}"] if comparison.gained else []
    rows = [
        f"| {escape(score.cell_type)} | {score.cells:,} | {score.champion:.3f} | {score.challenger:.3f} | "
        f"{score.challenger - score.champion:+.3f} |"
        for score in comparison.classes
    ]
    head = ["| cell type | held-out cells | F1 in use | F1 new | change |", "|---|---:|---:|---:|---:|"]
    parts += ["\n".join([*head, *rows])] if rows else []
    return "\n\n".join(parts)


def composition(sample: SampleFiles) -> list[dict[str, object]]:
    """Return cells and share per cell type, the most frequent first."""
    return [
        {"cell type": name, "cells": cells, "share": f"{percent:.1f} %"}
        for name, cells, percent in composition_rows(sample.composition, sample.n_obs)
    ]


def markdown(manifest: RunManifest, told: str = "") -> str:
    """Return the summary of a run as Markdown, with its plots inside."""
    parts = [
        f"# {escape(manifest.tissue)}: run {escape(manifest.run_id)}",
        f"Model {code(manifest.model_version)}{told and f': {escape(told)}'}. Manifest: {code(manifest.uri)}",
        *_samples(manifest),
        "## References",
        *(f"- {code(reference.uri)} (version {code(reference.token)})" for reference in manifest.references),
    ]
    return "\n\n".join(parts)


def _samples(manifest: RunManifest) -> Iterator[str]:
    """Yield the section of each sample; of many samples, the first with plots, the last as rows of one table."""
    used = 0
    for number, sample in enumerate(manifest.samples):
        text = _sample(sample, manifest.run_id)
        if (used := used + len(text)) > LARGEST:
            yield from _in_short(manifest.samples[number:], manifest.run_id)
            return
        yield text
        for name in (name for name in SHOWN if name in sample.files and used < PLOTS):
            plot = _picture(sample, name)
            used += len(plot)
            yield plot


def _in_short(samples: Sequence[SampleFiles], run_id: str) -> Iterator[str]:
    """Yield one table of the samples for which there is no room, as far as it goes."""
    rows = [_row(sample, run_id) for sample in samples[:MOST_ROWS]]
    yield "## More samples\n\n| sample | cells | called |\n|---|---:|---:|\n" + "\n".join(rows)
    if len(samples) > MOST_ROWS:
        yield f"... and {len(samples) - MOST_ROWS:,} more: see the manifest."


def _row(sample: SampleFiles, run_id: str) -> str:
    report = sample.files.get("report.html")
    address = link_of(report.uri, run_id) if report else ""
    name = f"[{escape(sample.sample)}]({address})" if address.startswith("http") else escape(sample.sample)
    return f"| {name} | {sample.n_obs:,} | {100 * sample.n_assigned / max(1, sample.n_obs):.1f} % |"


def link_of(uri: str, run_id: str) -> str:
    """Return an address that a browser opens: at the server of results where there is one, else as near as can be."""
    shown = os.environ.get("SPATIALCORE_FILES_URL")
    if shown:
        return f"{shown}/runs/{quote(run_id + uri.rpartition(f'/runs/{run_id}')[2])}"
    path = storage.local_path(uri)
    return f"file://{path}" if path else uri


def _sample(sample: SampleFiles, run_id: str) -> str:
    share = 100 * sample.n_assigned / max(1, sample.n_obs)
    rows = "\n".join(
        f"| {escape(row['cell type'])} | {row['cells']:,} | {row['share']} |" for row in composition(sample)
    )
    addresses = {name: link_of(file.uri, run_id) for name, file in sample.files.items() if "/" not in name}
    files = "\n".join(f"- {_link(*file)}" for file in sorted(addresses.items(), key=_report_first))
    return (
        f"## {escape(sample.sample)}\n\n{sample.n_obs:,} cells, {share:.1f} % called.\n\n{files}\n\n"
        f"| cell type | cells | share |\n|---|---:|---:|\n{rows}"
    )


def _report_first(file: tuple[str, str]) -> tuple[bool, str]:
    return file[0] != "report.html", file[0]


def _link(name: str, address: str) -> str:
    """Return a link where a browser can follow it, else the address to copy."""
    return f"[{escape(name)}]({address})" if address.startswith("http") else f"{escape(name)}: {code(address)}"


def _picture(sample: SampleFiles, name: str) -> str:
    from PIL import Image

    image = Image.open(local(sample.files[name])).convert("RGB")
    image.thumbnail((WIDTH, WIDTH))
    buffer = BytesIO()
    image.save(buffer, format="WEBP", quality=80)
    return f"![{name}](data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()})"
