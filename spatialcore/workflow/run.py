"""A run without a server: read the queries, train one model, annotate each query, write the results.

The store (a folder, ``s3://`` or ``gs://``) then holds::

    model/{tissue}.pkl, {tissue}_celltypist.json, {tissue}_colors.json, {tissue}_card.md,
          label_mapping.csv, config.yaml
    {sample}/annotated.h5ad, calls.parquet, cell_groups.csv, summary.json, report.html, plots/
    manifest.json                           written last: without it the run is incomplete
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from anndata import AnnData

from spatialcore import columns, storage
from spatialcore.annotation import run_manifest, stages
from spatialcore.annotation.acquisition import resolve_uri_to_local
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.annotation.pooled_queries import PooledQueries, pool_queries
from spatialcore.annotation.run_config import Query, RunConfig
from spatialcore.annotation.unknown.groups import unknown_groups
from spatialcore.core.categories import as_texts
from spatialcore.core.logging import get_logger
from spatialcore.core.text.names import slug_of
from spatialcore.core.text.wording import number_of
from spatialcore.core.types import JsonObject
from spatialcore.io import read_spatial, write_annotated, write_calls, write_explorer_groups
from spatialcore.report.sample_summary import SampleSummary
from spatialcore.workflow.requirements import require_run

log = get_logger(__name__)
Progress = Callable[[str], None]
Manifest = Mapping[str, str | int]


@dataclass(frozen=True)
class SampleResult:
    """The result of one query: numbers of cells, the URIs of its files, and why the references do not match it."""

    sample: str
    cells: int
    assigned: int
    composition: dict[str, int]
    files: dict[str, str]
    misfit: str = ""


@dataclass(frozen=True)
class RunResult:
    """The URIs of all files, the result of each query, and the seconds per stage."""

    store: str
    model: dict[str, str]
    samples: list[SampleResult] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> JsonObject:
        """Return plain values, ready for JSON."""
        return asdict(self)


def run(config: RunConfig, *, progress: Progress = log.info) -> RunResult:
    """Train one model for the queries' panel and annotate every query with it.

    Parameters
    ----------
    config
        Queries, references, store and settings.
    progress
        Called with one line at the start of each step.

    Returns
    -------
    RunResult
        The URIs of all files and the composition of each sample.
    """
    require_run(config)
    stopwatch = run_manifest.Stopwatch()
    progress(f"reading {number_of(len(config.queries), 'query', 'queries')}")
    with stopwatch.stage("queries"):
        # a single query is read once; several would take memory together
        only = load_query(config.queries[0]) if len(config.queries) == 1 else None
        queries = (load_query(query) for query in config.queries) if only is None else iter([only])
        pooled = pool_queries(queries, config)
    with TemporaryDirectory(prefix="spatialcore-") as folder:
        work = Path(folder)
        model_path = work / "model" / f"{slug_of(config.tissue)}.pkl"
        # the training cells are not kept: they would take memory during the annotation
        training = config.training()
        trained_on = train_model(training, pooled, model_path, stopwatch=stopwatch, progress=progress).manifest
        config.to_yaml(work / "model" / "config.yaml")
        model = _publish(work, work / "model", config.store)
        uri = model[f"model/{model_path.name}"]
        manifest = {**run_manifest.describe_run(config), **trained_on, "model_path": uri}
        samples = []
        for number, query in enumerate(config.queries, start=1):
            progress(f"annotating {query.name}" + (f" ({number} of {n})" if (n := len(config.queries)) > 1 else ""))
            with stopwatch.stage(f"annotate {query.name}"):
                samples.append(_annotate(query, config, model_path, manifest, work, only))
        result = RunResult(config.store, model, samples, stopwatch.seconds)
        storage.put_text(json.dumps(result.as_dict(), indent=1), storage.join(config.store, "manifest.json"))
    return result


def load_query(query: Query) -> AnnData:
    """Read one query of any supported platform, local or remote; large matrices stay in the file."""
    return read_spatial(resolve_uri_to_local(query.uri), on_disk=True, unit=query.unit)


def train_model(
    config: TrainingConfig,
    pooled: PooledQueries,
    output: Path,
    *,
    stopwatch: run_manifest.Stopwatch | None = None,
    progress: Progress = log.info,
) -> stages.TrainingRecord:
    """Train a model for a panel, and write its files and ``label_mapping.csv``.

    Parameters
    ----------
    config
        References and settings.
    pooled
        The panel's genes, and cells of the platform that the model is matched to (None: not matched).
    output
        The .pkl to write.

    Returns
    -------
    TrainingRecord
        Reference cells, training cells and label mapping.
    """
    training = stages.train_model(config, pooled.panel, pooled.sample, output, stopwatch=stopwatch, progress=progress)
    if training.mapping is not None:
        training.mapping.to_csv(output.parent / "label_mapping.csv", index=False)
    return training


def _annotate(
    query: Query, config: RunConfig, model_path: Path, manifest: Manifest, work: Path, adata: AnnData | None
) -> SampleResult:
    result = annotate_query(query, config, model_path, work / query.slug, manifest=manifest, adata=adata)
    return replace(result, files=_publish(work, work / query.slug, config.store))


def annotate_query(
    query: Query,
    config: AnnotationSettings,
    model_path: Path,
    folder: Path,
    *,
    manifest: Manifest | None = None,
    adata: AnnData | None = None,
) -> SampleResult:
    """Annotate one query with an existing model, and write the sample's files into a folder.

    Parameters
    ----------
    query
        The data to annotate.
    config
        Settings of annotation, plots and threshold.
    model_path
        The model's .pkl.
    folder
        Output folder; it is created.
    manifest
        Entries of the run manifest on run and training, for a model of this run.
    adata
        The cells of the query where they are read already; they are annotated in place.

    Returns
    -------
    SampleResult
        Numbers of cells and the paths of the files.
    """
    from spatialcore.plotting.manifest import manifest_value

    adata = load_query(query) if adata is None else adata
    entries = run_manifest.describe_run(config) if manifest is None else manifest
    stages.call_cells(adata, model_path, config, {**entries, "query": storage.redact(query.uri)})
    folder.mkdir(parents=True, exist_ok=True)
    if config.generate_plots:
        figures = stages.plot(adata, config, folder / "plots")
        stages.report(adata, folder / "report.html", config=config, figures=figures, sample=query.name)
    counts = write_sample(adata, folder)
    return SampleResult(
        sample=query.name,
        cells=counts.cells,
        assigned=counts.assigned,
        composition=counts.composition,
        files={name: str(path) for name, path in _files(folder.parent, folder)},
        misfit=str((manifest_value(adata, "reference_fit_json") or {}).get("misfit", "")),
    )


class CallCounts(NamedTuple):
    """Number of cells, of cells with a call, and of cells per call."""

    cells: int
    assigned: int
    composition: dict[str, int]


def write_sample(adata: AnnData, folder: Path) -> CallCounts:
    """Write the files that users open: data, calls, cell groups for Xenium Explorer; and a summary.

    Returns
    -------
    CallCounts
        Numbers of cells, the composition in descending order.
    """
    write_annotated(adata, folder / "annotated.h5ad")
    write_calls(adata, folder / "calls.parquet")
    write_explorer_groups(adata, folder / "cell_groups.csv")
    groups = unknown_groups(adata)
    if len(groups):
        groups.to_csv(folder / "unknown_groups.csv", index=False)
    SampleSummary.of(adata).write(folder)
    calls = as_texts(adata.obs[columns.CELL_TYPE])
    composition = {str(name): int(n) for name, n in calls.value_counts().items()}
    return CallCounts(adata.n_obs, int((calls != columns.UNASSIGNED).sum()), composition)


def composition_rows(composition: Mapping[str, int], n_cells: int) -> list[tuple[str, int, float]]:
    """Return the composition of a sample as rows, the most frequent cell type first.

    Parameters
    ----------
    composition
        Cell type -> number of cells.
    n_cells
        Number of cells of the sample.

    Returns
    -------
    list of tuple
        Cell type, number of cells, percentage of the cells.

    Examples
    --------
    >>> composition_rows({"B cell": 1, "T cell": 3}, 4)
    [('T cell', 3, 75.0), ('B cell', 1, 25.0)]
    """
    ranked = sorted(composition.items(), key=lambda item: -item[1])
    return [(name, cells, 100 * cells / max(1, n_cells)) for name, cells in ranked]


def _publish(work: Path, folder: Path, store: str) -> dict[str, str]:
    """Copy a folder into the store and return the URI of each file."""
    return {name: storage.put(path, storage.join(store, name)).uri for name, path in _files(work, folder)}


def _files(work: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(work).as_posix(), path
