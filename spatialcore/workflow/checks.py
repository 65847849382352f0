"""The checks before a run, each of one subject: what was found, and whether a run can go on with it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spatialcore import storage
from spatialcore.annotation.references.labels import DEFAULT_EXCLUDE_LABELS
from spatialcore.annotation.references.species import read_species, require_same_species
from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.core.genes.species import species_of_genes
from spatialcore.core.genes.tables import orthologs
from spatialcore.core.normalization import X_STATE_TEXTS
from spatialcore.errors import SpatialCoreError
from spatialcore.workflow.dataset import PROFILES, DatasetSummary
from spatialcore.workflow.memory import available_memory
from spatialcore.workflow.requirements import require_writable, short_name


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    subject: str
    ok: bool
    detail: str

    @classmethod
    def failed(cls, subject: str, error: SpatialCoreError) -> "Check":
        """Return the check that an error stands for."""
        return cls(subject, False, f"{error.message} -> {error.hint}")


def check_query(query: Query, facts: DatasetSummary) -> Check:
    """Can it be annotated?"""
    usable = facts.status["is_usable"] and bool(facts.genes) and facts.cells > 0
    where = "coordinates" if facts.coordinates else "no coordinates: maps are left out"
    text = f"{facts.format.name}, {facts.cells:,} cells, {len(facts.genes):,} genes, {_scale(facts)}, {where}"
    return Check(f"query {query.name}", usable, text)


def check_reference(reference: Reference, facts: DatasetSummary, config: RunConfig) -> Check:
    """Can a model learn from it?"""
    subject, column = f"reference {short_name(reference.uri)}", reference.label_column
    if column not in facts.obs_columns:
        offer = ", ".join(facts.labels) or ", ".join(facts.obs_columns[:8]) or "none"
        return Check(subject, False, f"Label column {column!r} not found; columns like types: {offer}")
    if not facts.format.name.startswith(("AnnData", PROFILES.name)):
        return Check(subject, False, f"{facts.format.name}: references are .h5ad or AnnData .zarr")
    types = _count_types(facts, column, config)
    drawn = min(facts.cells, config.max_cells_per_ref)
    text = f"{drawn:,} of {facts.cells:,} cells, {types} types in {column!r}, {_scale(facts)}"
    return Check(subject, facts.status["is_usable"] and types > 0, text)


def check_genes(queries: list[DatasetSummary], references: list[DatasetSummary], config: RunConfig) -> list[Check]:
    """Do queries and references share enough genes, each with each and all together?"""
    if not queries or not references:
        return []
    least = config.min_gene_overlap_pct
    return [
        Check(what, 100 * shared >= least * wanted > 0, f"{shared} of {wanted} ({_pct(shared, wanted)})")
        for what, shared, wanted in _shared_genes(queries, references, config)
    ]


def check_species(queries: list[DatasetSummary], references: list[DatasetSummary], config: RunConfig) -> list[Check]:
    """Check that queries and references are of one species, or bridged by orthologs; nothing where genes do not say."""
    names = [summary.path.name for summary in (*queries, *references)]
    try:
        species = [read_species(summary.path.name, summary.genes, setting=config.species) for summary in queries]
        species += [read_species(summary.path.name, summary.genes) for summary in references]
        if not config.orthologs:
            require_same_species(species, names)
    except SpatialCoreError as error:
        return [Check.failed("species", error)]
    listed = sorted({one for one in species if one})
    bridged = ", bridged by one-to-one orthologs" if len(listed) > 1 else ""
    return [Check("species", True, f"{' and '.join(listed)}{bridged}")] if listed else []


def check_store(store: str) -> Check:
    """Can the results be written?"""
    subject = f"store {store}"
    try:
        return Check(subject, True, _state_of_store(store))
    except SpatialCoreError as error:
        return Check.failed(subject, error)


def check_proportions(config: RunConfig) -> list[Check]:
    """Can the table of proportions be read, where one is given?"""
    if config.target_proportions is None:
        return []
    from spatialcore.annotation.balance.proportions import read_proportions

    subject = "target proportions"
    try:
        shares = read_proportions(config.target_proportions)
    except SpatialCoreError as error:
        return [Check.failed(subject, error)]
    return [Check(subject, True, f"{len(shares)} types, {100 * sum(shares.values()):.1f} % in all")]


def check_memory(peak: int, *, complete: bool) -> Check:
    """Is the memory there? Not ``complete``: some inputs could not be looked into."""
    free = available_memory()
    room = "" if free is None else f", {free / 1e9:.1f} GB are free"
    partly = "" if complete else ", without what could not be looked into"
    return Check("memory", free is None or peak < free, f"about {peak / 1e9:.1f} GB at the peak{partly}{room}")


def _scale(facts: DatasetSummary) -> str:
    counts = facts.status["raw_source"]
    return f"counts in {counts}" if counts else X_STATE_TEXTS[facts.status["x_state"]]


def _count_types(facts: DatasetSummary, column: str, config: RunConfig) -> int:
    """Count the types that have enough cells and are not excluded."""
    counts = facts.labels.get(column)
    if counts is None:
        return 0
    excluded = DEFAULT_EXCLUDE_LABELS if config.exclude_labels is None else config.exclude_labels
    return int((counts[~counts.index.isin(excluded)] >= config.min_cells_per_type).sum())


def _has_panel(panel: list[str], reference: DatasetSummary, config: RunConfig) -> "NDArray[np.bool_]":
    """Return for each panel gene whether a reference has it, or its ortholog where these are to be used."""
    source, target = species_of_genes(panel), species_of_genes(reference.genes)
    if not config.orthologs or source is None or target is None or source == target:
        return reference.has_genes(panel)
    table = orthologs(source, target)
    return reference.has_genes([table.get(gene, "") for gene in panel])


def _shared_genes(
    queries: list[DatasetSummary], references: list[DatasetSummary], config: RunConfig
) -> list[tuple[str, int, int]]:
    """Return what is compared, how many genes are shared, and of how many."""
    panel = [gene for gene in queries[0].genes if all(gene in set(query.genes) for query in queries[1:])]
    found = np.array([_has_panel(panel, facts, config) for facts in references]).reshape(len(references), len(panel))
    shares = []
    if len(queries) > 1:
        shares.append(("genes shared by all queries", len(panel), max(len(query.genes) for query in queries)))
    for facts, own in zip(references, found, strict=True):
        shares.append((f"panel genes in {facts.path.name}", int(own.sum()), len(panel)))
    if len(references) > 1:
        shares.append(("panel genes in all references", int(found.all(axis=0).sum()), len(panel)))
    return shares


def _state_of_store(store: str) -> str:
    """Say whether a run's results lie there; raise where none could be written."""
    if storage.local_path(store):
        require_writable(store)
        done, else_it = (Path(store).expanduser() / "manifest.json").exists(), "can be written to"
    else:
        done, else_it = storage.exists(storage.join(store, "manifest.json")), "can be reached"
    return "holds results, which will be replaced" if done else else_it


def _pct(part: int, whole: int) -> str:
    return f"{100 * np.divide(part, max(1, whole)):.0f} %"
