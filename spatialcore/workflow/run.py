"""A whole run without a server: read the queries, train one model, annotate each query, write what users want.

The store (a folder, ``s3://`` or ``gs://``) then holds::

    model/{tissue}.pkl, {tissue}_celltypist.json, {tissue}_colors.json, {tissue}_card.md
    label_mapping.csv, config.yaml
    {sample}/annotated.h5ad, calls.parquet, cell_groups.csv, report.html, plots/
    run_manifest.json                       written last: while it is absent the run is not finished
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from anndata import AnnData

from spatialcore import columns, storage
from spatialcore.annotation import run_manifest, stages
from spatialcore.annotation.acquisition import resolve_uri_to_local
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.annotation.pooled_queries import PooledQueries, pool_queries
from spatialcore.annotation.run_config import Query, RunConfig
from spatialcore.core.logging import get_logger
from spatialcore.io import read_spatial, write_annotated, write_calls, write_explorer_groups

log = get_logger(__name__)
Progress = Callable[[str], None]


@dataclass(frozen=True)
class SampleResult:
    """What became of one query."""

    sample: str
    cells: int
    assigned: int
    composition: dict[str, int]
    files: dict[str, str]


@dataclass(frozen=True)
class RunResult:
    """Where everything lies, and what was found."""

    store: str
    model: dict[str, str]
    samples: list[SampleResult] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
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
    watch = run_manifest.Stopwatch()
    progress(f"reading {_count(config.queries, 'query', 'queries')}")
    with watch.phase("queries"):
        pooled = pool_queries((load_query(query) for query in config.queries), config)
    with TemporaryDirectory(prefix="spatialcore-") as folder:
        work = Path(folder)
        model_path, part = _train(config, pooled, work, watch, progress)
        model = _publish(work, work / "model", config.store)
        part["model_path"] = model[f"model/{model_path.name}"]  # where it stays, not where it was made
        samples = []
        for query in config.queries:
            progress(f"annotating {query.name}")
            with watch.phase(f"annotate {query.name}"):
                samples.append(_annotate(query, config, model_path, part, work))
        result = RunResult(config.store, model, samples, watch.seconds)
        storage.put_text(json.dumps(result.as_dict(), indent=1), storage.join(config.store, "manifest.json"))
    return result


def load_query(query: Query) -> AnnData:
    """Read one query, from whatever platform and place."""
    return read_spatial(resolve_uri_to_local(query.uri))


def _train(
    config: RunConfig, pooled: PooledQueries, work: Path, watch: run_manifest.Stopwatch, progress: Progress
) -> tuple[Path, dict[str, Any]]:
    model_path = work / "model" / f"{config.tissue}.pkl"
    part = train_model(config.training(), pooled, model_path, watch=watch, progress=progress)
    config.to_yaml(work / "model" / "config.yaml")
    return model_path, run_manifest.describe_run(config) | part


def train_model(
    training: TrainingConfig,
    pooled: PooledQueries,
    model_path: Path,
    *,
    watch: run_manifest.Stopwatch | None = None,
    progress: Progress = log.info,
) -> dict[str, Any]:
    """Train a model for a panel, and write its files and ``label_mapping.csv`` beside them.

    Parameters
    ----------
    training
        References and settings.
    pooled
        The panel's genes, and cells of the platform that the model is matched to (None: not matched).
    model_path
        The .pkl to write.

    Returns
    -------
    dict
        What the run manifest says of the training.
    """
    watch = watch or run_manifest.Stopwatch()
    read = _count(training.references, "reference", "references")
    progress(f"reading {read}, cut to {len(pooled.panel)} panel genes")
    with watch.phase("references"):
        combined = stages.combine(training, pooled.panel)
    with watch.phase("ontology"):
        mapped, result = stages.map_ontology(combined, training)
    with watch.phase("balance"):
        balanced = stages.balance(mapped, training)
    progress(f"training on {balanced.n_obs} cells")
    model_path.parent.mkdir(parents=True, exist_ok=True)
    with watch.phase("training"):
        stages.train(balanced, pooled.sample, training, model_path)
    if result is not None:
        result.table.to_csv(model_path.parent / "label_mapping.csv", index=False)
    return run_manifest.describe_training(mapped, balanced, None if result is None else result.table)


def _count(things: Sequence[Any], one: str, several: str) -> str:
    return f"{len(things)} {one if len(things) == 1 else several}"


def _annotate(query: Query, config: RunConfig, model_path: Path, part: dict[str, Any], work: Path) -> SampleResult:
    result = annotate_query(query, config, model_path, work / query.name, part=part)
    return replace(result, files=_publish(work, work / query.name, config.store))


def annotate_query(
    query: Query, config: AnnotationSettings, model_path: Path, folder: Path, *, part: dict[str, Any] | None = None
) -> SampleResult:
    """Call every cell of one query with a model that is there, and write the sample's files into a folder.

    Parameters
    ----------
    query
        The data to annotate.
    config
        Settings of annotation, plots and threshold.
    model_path
        The model's .pkl.
    folder
        Where the files go.
    part
        What the manifest is to say beside this: of references and training, for a model of this run.
    """
    adata = load_query(query)
    stages.annotate(adata, model_path, config)
    run_manifest.record(
        adata, **(run_manifest.describe_run(config) if part is None else part), query=storage.redact(query.uri)
    )
    folder.mkdir(parents=True, exist_ok=True)
    stages.keep_confident(adata, config)
    if config.generate_plots:
        figures = stages.plot(adata, config, folder / "plots")
        stages.report(adata, folder / "report.html", config=config, figures=figures)
    written = write_sample(adata, folder)
    return SampleResult(
        sample=query.name,
        cells=adata.n_obs,
        assigned=written["n_assigned"],
        composition=written["composition"],
        files={name: str(path) for name, path in _files(folder.parent, folder)},
    )


def write_sample(adata: AnnData, folder: Path) -> dict[str, Any]:
    """Write the files that users open: data, calls, groups for Xenium Explorer.

    Returns
    -------
    dict
        ``n_obs``, ``n_assigned`` and ``composition`` (cells per call).
    """
    write_annotated(adata, folder / "annotated.h5ad")
    write_calls(adata, folder / "calls.parquet")
    write_explorer_groups(adata, folder / "cell_groups.csv")
    calls = adata.obs[columns.CELL_TYPE].astype(str)
    return {
        "n_obs": adata.n_obs,
        "n_assigned": int((calls != columns.UNASSIGNED).sum()),
        "composition": {str(name): int(n) for name, n in calls.value_counts().items()},
    }


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
    """Copy a folder into the store and say where each file went."""
    return {name: storage.put(path, storage.join(store, name)).uri for name, path in _files(work, folder)}


def _files(work: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(work).as_posix(), path
