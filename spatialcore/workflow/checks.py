"""The checks before a run, each of one subject: what was found, and whether a run can go on with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore import storage
from spatialcore.annotation import stages
from spatialcore.annotation.balance.groups import without_rare
from spatialcore.annotation.expression import no_shared_genes
from spatialcore.annotation.pooled_queries import common_genes
from spatialcore.annotation.references.cells import no_label_left, reasons_to_drop, require_two
from spatialcore.annotation.references.genes import overlap_error
from spatialcore.annotation.references.labels import DEFAULT_EXCLUDE_LABELS
from spatialcore.annotation.references.reference import source_names
from spatialcore.annotation.references.species import read_species, require_same_species
from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.columns import ORIGINAL_LABEL, UNIFIED_CELL_TYPE
from spatialcore.core.categories import categorical
from spatialcore.core.genes.species import species_of_genes
from spatialcore.core.genes.tables import orthologs
from spatialcore.core.normalization import X_STATE_TEXTS
from spatialcore.core.on_disk.anndata_file import AnnDataFile
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
    if facts.query_refusal is not None:
        return Check.failed(f"query {query.name}", facts.query_refusal)
    where = "coordinates" if facts.coordinates else "no coordinates: maps are left out"
    text = f"{facts.format.name}, {facts.cells:,} cells, {len(facts.genes):,} genes, {_scale(facts)}, {where}"
    return Check(f"query {query.name}", True, text)


def check_reference(reference: Reference, facts: DatasetSummary, config: RunConfig) -> Check:
    """Can a model learn from it?"""
    subject, column = f"reference {short_name(reference.uri)}", reference.label_column
    if column not in facts.obs_columns:
        offer = ", ".join(facts.labels) or ", ".join(facts.obs_columns[:8]) or "none"
        return Check(subject, False, f"Label column not found: {column!r}; columns like types: {offer}")
    if facts.format.name.startswith(PROFILES.name):
        return Check(subject, True, f"{facts.format.name}, {len(facts.labels.get(column, ()))} types in {column!r}")
    if facts.reference_refusal is not None:
        return Check.failed(subject, facts.reference_refusal)
    try:
        labels = kept_labels(facts, column, config)
    except SpatialCoreError as error:
        return Check.failed(subject, error)
    drawn = min(facts.cells, config.max_cells_per_ref)
    return Check(
        subject, True, f"{drawn:,} of {facts.cells:,} cells, {len(labels)} types in {column!r}, {_scale(facts)}"
    )


def kept_labels(facts: DatasetSummary, column: str, config: RunConfig) -> "pd.Series[int]":
    """Return the cells of each label of a reference that a run would train on.

    Raises
    ------
    InputError
        None is left.
    """
    with AnnDataFile(facts.path) as file:
        counts = pd.Series(file.labels(column)).value_counts()
    excluded = DEFAULT_EXCLUDE_LABELS if config.exclude_labels is None else config.exclude_labels
    gone = reasons_to_drop(list(counts.index), excluded, uninformative=config.drop_uninformative_labels)
    kept = counts[~counts.index.isin(list(gone)) & (counts > 0)]
    if kept.empty:
        raise no_label_left(facts.path.name, column, sorted(gone))
    return kept


def check_types(labels: Sequence["pd.Series[int]"], config: RunConfig) -> list[Check]:
    """Are two classes left with enough cells, once labels have become classes? Curated ids are not looked at."""
    if len(labels) == 0:
        return []
    cells = pd.concat(labels).groupby(level=0, observed=True).sum()
    try:
        require_two(list(map(str, cells.index)))
        obs = pd.DataFrame({ORIGINAL_LABEL: pd.Categorical(cells.index.astype(str))}, index=range(len(cells)))
        obs.index = obs.index.astype(str)
        mapped, _ = stages.map_ontology(AnnData(obs=obs), config)
        classes = mapped.obs[UNIFIED_CELL_TYPE].astype(str).to_numpy()
        sizes = pd.Series(cells.to_numpy()).groupby(classes).sum()
        codes = np.repeat(np.arange(len(sizes)), np.minimum(sizes, config.min_cells_per_type + 1))
        kept = without_rare(categorical(codes, sizes.index), config.min_cells_per_type)
        require_two(list(map(str, kept.categories)))
    except SpatialCoreError as error:
        return [Check.failed("types", error)]
    return [Check("types", True, f"{len(kept.categories)} classes of {len(cells)} labels")]


def check_genes(queries: list[DatasetSummary], references: list[DatasetSummary], config: RunConfig) -> list[Check]:
    """Do queries and references share enough genes, each with each and all together?"""
    if not queries or not references:
        return []
    try:
        panel = common_genes([query.genes for query in queries], config.min_gene_overlap_pct)
    except SpatialCoreError as error:
        return [Check.failed("genes shared by all queries", error)]
    found = np.array([_has_panel(panel, facts, config) for facts in references]).reshape(len(references), len(panel))
    sizes = [len(set(facts.genes)) for facts in references]
    names = source_names([facts.path for facts in references])
    checks = [
        _genes_of(name, facts, panel, own, size, config.min_gene_overlap_pct)
        for name, facts, own, size in zip(names, references, found, sizes, strict=True)
    ]
    if len(references) > 1:
        error_of_all = overlap_error(names, found, sizes, config.min_gene_overlap_pct)
        checks.append(
            _overlap("panel genes in all references", np.asarray(found.all(axis=0)), min(sizes), error_of_all)
        )
    return checks


def _genes_of(
    name: str, facts: DatasetSummary, panel: list[str], own: "NDArray[np.bool_]", size: int, least: float
) -> Check:
    subject = f"panel genes in {facts.path.name}"
    if not own.any():
        return _overlap(subject, own, size, no_shared_genes(name, facts.genes, "the target genes", panel))
    return _overlap(subject, own, size, overlap_error([name], own[None], [size], least))


def _overlap(what: str, own: "NDArray[np.bool_]", size: int, error: SpatialCoreError | None) -> Check:
    smaller, shared = min(len(own), size), int(own.sum())
    seen = f"{shared} of {smaller} ({_pct(shared, smaller)})"
    return Check(what, error is None, seen if error is None else f"{seen}: {error.message} -> {error.hint}")


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


def _has_panel(panel: list[str], reference: DatasetSummary, config: RunConfig) -> "NDArray[np.bool_]":
    """Return for each panel gene whether a reference has it, or its ortholog where these are to be used."""
    source, target = species_of_genes(panel), species_of_genes(reference.genes)
    if not config.orthologs or source is None or target is None or source == target:
        return reference.has_genes(panel)
    table = orthologs(source, target)
    return reference.has_genes([table.get(gene, "") for gene in panel])


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
