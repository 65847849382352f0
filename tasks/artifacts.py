"""What the Prefect UI shows of a run: composition, plots, and where everything lies."""

import base64
import os
from io import BytesIO
from urllib.parse import quote

from prefect import task
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from spatialcore import storage
from spatialcore.workflow.run import composition_rows
from tasks.retries import CLOUD
from tasks.schemas import RunManifest, SampleFiles
from tasks.stage_cache import local

SHOWN = ("plots/celltyping_confidence.png", "plots/celltyping_2d_validation.png")
WIDTH = 1000


@task(name="summarise", **CLOUD)
def summarise(manifest: RunManifest, told: str = "") -> None:
    """Write the run's artifacts: a summary with plots, the composition as a table, a link to each report.

    ``told`` is what was decided of the model.
    """
    create_markdown_artifact(
        key=f"summary-{_key(manifest.tissue)}",
        markdown=markdown(manifest, told),
        description="What was found, and where it lies",
    )
    for sample in manifest.samples:
        name = _key(f"{manifest.tissue}-{sample.sample}")
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


def composition(sample: SampleFiles) -> list[dict[str, object]]:
    """Return cells and share per cell type, the most frequent first."""
    return [
        {"cell type": name, "cells": cells, "share": f"{percent:.1f} %"}
        for name, cells, percent in composition_rows(sample.composition, sample.n_obs)
    ]


def markdown(manifest: RunManifest, told: str = "") -> str:
    """Return the summary of a run as Markdown, with its plots inside."""
    parts = [
        f"# {manifest.tissue}: run {manifest.run_id}",
        f"Model `{manifest.model_version}`{told and f': {told}'}. Manifest: `{manifest.uri}`",
    ]
    for sample in manifest.samples:
        pictures = (_picture(sample, name) for name in SHOWN if name in sample.files)
        parts += [_sample(sample, manifest.run_id), *pictures]
    parts += [
        "## References",
        *(f"- `{reference.uri}` (version `{reference.token}`)" for reference in manifest.references),
    ]
    return "\n\n".join(parts)


def link_of(uri: str, run_id: str) -> str:
    """Return an address that a browser opens: at the server of results where there is one, else as near as can be."""
    shown = os.environ.get("SPATIALCORE_FILES_URL")
    if shown:
        return f"{shown}/runs/{quote(run_id + uri.rpartition(f'/runs/{run_id}')[2])}"
    path = storage.local_path(uri)
    return f"file://{path}" if path else uri


def _sample(sample: SampleFiles, run_id: str) -> str:
    share = 100 * sample.n_assigned / max(1, sample.n_obs)
    rows = "\n".join(f"| {row['cell type']} | {row['cells']:,} | {row['share']} |" for row in composition(sample))
    addresses = {name: link_of(file.uri, run_id) for name, file in sample.files.items() if "/" not in name}
    files = "\n".join(f"- {_link(*file)}" for file in sorted(addresses.items(), key=_report_first))
    return (
        f"## {sample.sample}\n\n{sample.n_obs:,} cells, {share:.1f} % called.\n\n{files}\n\n"
        f"| cell type | cells | share |\n|---|---:|---:|\n{rows}"
    )


def _report_first(file: tuple[str, str]) -> tuple[bool, str]:
    return file[0] != "report.html", file[0]


def _link(name: str, address: str) -> str:
    """Return a link where a browser can follow it, else the address to copy."""
    return f"[{name}]({address})" if address.startswith("http") else f"{name}: `{address}`"


def _picture(sample: SampleFiles, name: str) -> str:
    from PIL import Image

    image = Image.open(local(sample.files[name])).convert("RGB")
    image.thumbnail((WIDTH, WIDTH))
    buffer = BytesIO()
    image.save(buffer, format="WEBP", quality=80)
    return f"![{name}](data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()})"


def _key(text: str) -> str:
    """Return a text as an artifact key: lower case letters, digits and dashes."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
