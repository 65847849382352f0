"""Checks before a run. Each has one subject, a result and a text that describes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spatialcore import storage
from spatialcore.annotation import stages
from spatialcore.annotation.expression.errors import no_shared_genes
from spatialcore.annotation.pooled_queries import common_genes
from spatialcore.annotation.references.cells import no_label_left, reasons_to_drop
from spatialcore.annotation.references.genes import costly_reference, overlap_error
from spatialcore.annotation.references.labels import DEFAULT_EXCLUDE_LABELS
from spatialcore.annotation.references.preview import preview_cells
from spatialcore.annotation.references.reference import missing_level, source_names
from spatialcore.annotation.references.species import (
    read_species,
    read_species_of_references,
    require_human_or_mouse,
    require_same_species,
)
from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.columns import ORIGINAL_LABEL, UNIFIED_CELL_TYPE
from spatialcore.core.files import require_writable
from spatialcore.core.genes.species import species_of_genes
from spatialcore.core.genes.tables import orthologs
from spatialcore.core.normalization import X_STATE_TEXTS
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.text.wording import number_of
from spatialcore.errors import LabelColumnError, SpatialCoreError
from spatialcore.workflow.dataset import PROFILES, DatasetSummary
from spatialcore.workflow.memory import available_memory
from spatialcore.workflow.requirements import not_a_reference, short_name


@dataclass(frozen=True)
class Check:
    """Result of one check."""

    subject: str
    ok: bool
    detail: str

    @classmethod
    def failed(cls, subject: str, error: SpatialCoreError) -> "Check":
        """Return a failed check with the text of an error."""
        return cls(subject, False, f"{error.message} -> {error.hint}")


def check_query(query: Query, summary: DatasetSummary) -> Check:
    """Check that a query can be annotated."""
    if summary.query_refusal is not None:
        return Check.failed(f"query {query.name}", summary.query_refusal)
    coordinates = "coordinates" if summary.coordinates else "no coordinates: maps are skipped"
    if 0 < summary.located < summary.cells:
        coordinates = f"coordinates of {summary.located:,} cells"
    size = f"{summary.cells:,} cells, {len(summary.genes):,} genes"
    text = f"{summary.format.name}, {size}, {_scale(summary)}, {coordinates}"
    return Check(f"query {query.name}", True, text)


def check_reference(reference: Reference, summary: DatasetSummary, config: RunConfig) -> Check:
    """Check that a model can be trained on a reference."""
    subject, column = f"reference {short_name(reference.uri)}", reference.label_column
    if summary.format.name.startswith(PROFILES.name):
        return Check(subject, True, f"{summary.format.name}, {len(summary.labels.get(column, ()))} types in {column!r}")
    if not summary.format.name.startswith("AnnData"):
        return Check.failed(subject, not_a_reference(summary.format, summary.path))
    if column not in summary.obs_columns:
        return Check.failed(subject, LabelColumnError.absent(column, summary.obs_columns, where=summary.path.name))
    if summary.reference_refusal is not None:
        return Check.failed(subject, summary.reference_refusal)
    try:
        labels = training_labels(summary, column, config)
    except SpatialCoreError as error:
        return Check.failed(subject, error)
    n_cells = min(summary.cells, config.max_cells_per_ref)
    return Check(
        subject, True, f"{n_cells:,} of {summary.cells:,} cells, {len(labels)} types in {column!r}, {_scale(summary)}"
    )


def training_labels(summary: DatasetSummary, column: str, config: RunConfig) -> "pd.Series[int]":
    """Return the number of cells per label of a reference that a run would train on.

    Raises
    ------
    InputError
        All labels are excluded.
    """
    if summary.format is PROFILES:
        counts = summary.labels[column]
    else:
        with AnnDataFile(summary.path) as file:
            counts = pd.Series(file.labels(column)).value_counts()
    excluded = DEFAULT_EXCLUDE_LABELS if config.exclude_labels is None else config.exclude_labels
    dropped = reasons_to_drop(list(counts.index), excluded, uninformative=config.drop_uninformative_labels)
    retained = counts[~counts.index.isin(list(dropped)) & (counts > 0)]
    if retained.empty:
        raise no_label_left(summary.path.name, column, sorted(dropped))
    return retained


def check_types(config: RunConfig, panel: Sequence[str] | None) -> list[Check]:
    """Check that two classes can be trained: the labels are mapped and the cells are balanced as in a run.

    ``panel``: the genes of the queries; None if they, or the references' genes, cannot be used.
    """
    if not config.references:
        return []
    training = config.training()
    try:
        cells, has_counts = preview_cells(training, panel)
        n_labels = cells.obs[ORIGINAL_LABEL].nunique()
        balanced = stages.balance(stages.map_ontology(cells, training)[0], training, has_counts=has_counts)
    except SpatialCoreError as error:
        return [Check.failed("types", error)]
    classes = number_of(balanced.obs[UNIFIED_CELL_TYPE].nunique(), "class", "classes")
    return [Check("types", True, f"{classes} of {number_of(n_labels, 'label')}")]


def check_genes(queries: list[DatasetSummary], references: list[DatasetSummary], config: RunConfig) -> list[Check]:
    """Check that queries and references share enough genes, in pairs and all together."""
    if not queries or not references:
        return []
    try:
        panel = shared_panel(queries, config)
    except SpatialCoreError as error:
        return [Check.failed("genes shared by all queries", error)]
    has_gene = np.array([_has_panel(panel, summary, config) for summary in references]).reshape(
        len(references), len(panel)
    )
    sizes = [len({*summary.counted_genes[0]} - {""}) for summary in references]
    names = source_names([summary.path for summary in references])
    checks = [
        _genes_of(name, summary, panel, measured, size, config.min_gene_overlap_pct)
        for name, summary, measured, size in zip(names, references, has_gene, sizes, strict=True)
    ]
    if len(references) > 1:
        shortage = overlap_error(names, has_gene, sizes, config.min_gene_overlap_pct)
        common = _overlap("panel genes in all references", np.asarray(has_gene.all(axis=0)), min(sizes), shortage)
        offer = costly_reference(names, has_gene) if common.ok else ""
        checks.append(replace(common, detail=f"{common.detail}; {offer}") if offer else common)
    return checks


def shared_panel(queries: Sequence[DatasetSummary], config: RunConfig) -> list[str]:
    """Return the genes that all queries measure; see :func:`common_genes`."""
    return common_genes([query.genes for query in queries], config.min_gene_overlap_pct)


def _genes_of(
    name: str, summary: DatasetSummary, panel: list[str], measured: "NDArray[np.bool_]", size: int, minimum: float
) -> Check:
    subject = f"panel genes in {summary.path.name}"
    if not measured.any():
        symbols = [symbol for symbol in summary.counted_genes[0] if symbol]
        return _overlap(subject, measured, size, no_shared_genes(name, symbols, "the target genes", panel))
    return _overlap(subject, measured, size, overlap_error([name], measured[None], [size], minimum))


def _overlap(subject: str, measured: "NDArray[np.bool_]", size: int, error: SpatialCoreError | None) -> Check:
    smaller, shared = min(len(measured), size), int(measured.sum())
    share = f"{shared} of {smaller} ({_pct(shared, smaller)})"
    return Check(subject, error is None, share if error is None else f"{share}: {error.message} -> {error.hint}")


def check_species(queries: list[DatasetSummary], references: list[DatasetSummary], config: RunConfig) -> list[Check]:
    """Check that queries and references are of one species, or joined by orthologs; [] if the genes show no species."""
    names = [query.name for query in config.queries][: len(queries)]
    sources = source_names([summary.path for summary in references])
    genes = [(name, *summary.counted_genes) for name, summary in zip(sources, references, strict=True)]
    try:
        for name, summary in zip(names, queries, strict=True):
            require_human_or_mouse(name, *summary.counted_genes)
        species = [read_species(name, summary.genes) for name, summary in zip(names, queries, strict=True)]
        require_same_species(species, names)
        panel = shared_panel(queries, config) if queries else None
        of_references, target = read_species_of_references(genes, panel, config.species, config.orthologs)
        species += [*of_references, target]
    except SpatialCoreError as error:
        return [Check.failed("species", error)]
    listed = sorted({one for one in species if one})
    bridged = ", bridged by one-to-one orthologs" if len(listed) > 1 else ""
    return [Check("species", True, f"{' and '.join(listed)}{bridged}")] if listed else []


def check_levels(references: list[DatasetSummary], config: RunConfig) -> list[Check]:
    """Check that a reference has each requested level of a taxonomy."""
    sources = source_names([summary.path for summary in references])
    columns = {name: summary.obs_columns for name, summary in zip(sources, references, strict=True)}
    error = missing_level(config.taxonomy_levels, columns)
    return [] if error is None else [Check.failed("taxonomy levels", error)]


def check_store(store: str) -> Check:
    """Check that the results can be written."""
    subject = f"store {store}"
    try:
        return Check(subject, True, _state_of_store(store))
    except SpatialCoreError as error:
        return Check.failed(subject, error)


def check_proportions(config: RunConfig) -> list[Check]:
    """Check that the table of target proportions, if set, can be read."""
    if config.target_proportions is None:
        return []
    from spatialcore.annotation.balance.proportions import read_proportions

    subject = "target proportions"
    try:
        shares = read_proportions(config.target_proportions)
    except SpatialCoreError as error:
        return [Check.failed(subject, error)]
    return [Check(subject, True, f"{number_of(len(shares), 'type')}, {100 * sum(shares.values()):.1f} % in all")]


def check_memory(peak: int, *, complete: bool) -> Check:
    """Check that enough memory is free. Not ``complete``: some inputs could not be read."""
    free = available_memory()
    available = "" if free is None else f", {free / 1e9:.1f} GB are free"
    partial = "" if complete else ", without the inputs that could not be read"
    return Check("memory", free is None or peak < free, f"about {peak / 1e9:.1f} GB at the peak{partial}{available}")


def _scale(summary: DatasetSummary) -> str:
    counts = summary.status["raw_source"]
    if counts or summary.source == "X":
        return f"counts in {counts}" if counts else X_STATE_TEXTS[summary.status["x_state"]]
    return f"logarithms in {summary.source}"


def _has_panel(panel: list[str], reference: DatasetSummary, config: RunConfig) -> "NDArray[np.bool_]":
    """Return for each panel gene whether a reference has it, or its ortholog with ``orthologs``."""
    source, target = species_of_genes(panel), species_of_genes(*reference.counted_genes)
    if not config.orthologs or source is None or target is None or source == target:
        return reference.has_genes(panel)
    table = orthologs(source, target)
    return reference.has_genes([table.get(gene, "") for gene in panel])


def _state_of_store(store: str) -> str:
    """Describe the store; raise if results cannot be written."""
    if storage.local_path(store):
        require_writable(store)
        has_results, state = (Path(store).expanduser() / "manifest.json").exists(), "can be written to"
    else:
        has_results, state = storage.exists(storage.join(store, "manifest.json")), "can be reached"
    return "contains results, which will be replaced" if has_results else state


def _pct(part: int, whole: int) -> str:
    return f"{100 * np.divide(part, max(1, whole)):.0f} %"
