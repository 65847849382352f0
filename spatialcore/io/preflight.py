"""Everything that can be known before a run: URIs, columns, genes, scale, memory, room for the results."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from spatialcore.annotation.labels import DEFAULT_EXCLUDE_LABELS
from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.core.logging import get_logger
from spatialcore.errors import SpatialCoreError
from spatialcore.io.facts import Facts, look_at
from spatialcore.io.inspect import STATES
from spatialcore.io.memory import available_memory, estimate_peak
from spatialcore.io.requirements import require_writable, short_name

logger = get_logger(__name__)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    subject: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Preflight:
    """All checks of a run, and the memory it is estimated to need."""

    checks: list[Check] = field(default_factory=list)
    peak_bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing stands in the way."""
        return all(check.ok for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {"ok": self.ok, "peak_bytes": self.peak_bytes, "checks": [asdict(check) for check in self.checks]}


def check_run(config: RunConfig, *, progress: Callable[[str], None] = logger.info) -> Preflight:
    """Look at everything that a run needs, and change nothing.

    Queries and local references are looked into (files of AnnData without loading them). A remote one is asked for its
    version, and looked into where a copy of that version is in the cache already.

    Parameters
    ----------
    config
        The run.
    progress
        Called with one line at the start of each look.

    Returns
    -------
    Preflight
        Every check, passed or not: a problem never hides the next one.
    """
    checks: list[Check] = []
    queries = [_look(query.uri, f"query {query.name}", checks, progress) for query in config.queries]
    references = [_look(each.uri, f"reference {short_name(each.uri)}", checks, progress) for each in config.references]
    seen_queries = [facts for facts in queries if facts is not None]
    seen = [(each, facts) for each, facts in zip(config.references, references, strict=True) if facts is not None]
    for query, facts in zip(config.queries, queries, strict=True):
        if facts is not None:
            checks += _check_query(query, facts)
    for reference, facts in seen:
        checks += _check_reference(reference, facts, config)
    checks += _check_genes(seen_queries, [facts for _, facts in seen], config)
    checks += _check_store(config.store)
    checks += _check_proportions(config)
    peak = estimate_peak(seen_queries, [facts for _, facts in seen], config)
    checks.append(_check_memory(peak, complete=len(seen) == len(references) and len(seen_queries) == len(queries)))
    return Preflight(checks, peak)


def _look(uri: str, subject: str, checks: list[Check], progress: Callable[[str], None]) -> Facts | None:
    """Look into one input; a fault becomes a check that failed."""
    from spatialcore.annotation.acquisition import resolve_uri_to_local
    from spatialcore.storage import scheme_of

    progress(f"looking at {subject}")
    try:
        if scheme_of(uri) == "file":
            return look_at(resolve_uri_to_local(uri, None))
        return _look_remote(uri, subject, checks)
    except SpatialCoreError as error:
        checks.append(Check(subject, False, f"{error.message} -> {error.hint}"))
        return None


def _look_remote(uri: str, subject: str, checks: list[Check]) -> Facts | None:
    from spatialcore.sources.base import open_source
    from spatialcore.sources.folders import version_token
    from spatialcore.storage import cache

    source, token = open_source(uri), version_token(uri)
    copy = next((entry for entry in cache.list_entries() if (entry.uri, entry.token) == (source.uri, token)), None)
    if copy is not None:
        return look_at(copy.path)
    checks.append(Check(subject, True, f"there (version {token:.20}); columns and genes are seen once it is fetched"))
    return None


def _check_query(query: Query, facts: Facts) -> list[Check]:
    subject = f"query {query.name}"
    usable = facts.status["is_usable"] and bool(facts.genes) and facts.cells > 0
    scale = f"counts in {facts.status['raw_source']}" if facts.status["raw_source"] else STATES[facts.status["x_state"]]
    where = "coordinates" if facts.coordinates else "no coordinates: maps are left out"
    text = f"{facts.format.name}, {facts.cells:,} cells, {len(facts.genes):,} genes, {scale}, {where}"
    return [Check(subject, usable, text)]


def _check_reference(reference: Reference, facts: Facts, config: RunConfig) -> list[Check]:
    subject = f"reference {short_name(reference.uri)}"
    if reference.label_column not in facts.obs_columns:
        offer = ", ".join(facts.labels) or ", ".join(facts.obs_columns[:8]) or "none"
        return [
            Check(subject, False, f"Label column {reference.label_column!r} not found; columns like types: {offer}")
        ]
    if not facts.format.name.startswith("AnnData"):
        return [Check(subject, False, f"{facts.format.name}: references are .h5ad or AnnData .zarr")]
    types = _types(reference, facts, config)
    usable = facts.status["is_usable"]
    scale = f"counts in {facts.status['raw_source']}" if facts.status["raw_source"] else STATES[facts.status["x_state"]]
    drawn = min(facts.cells, config.max_cells_per_ref)
    text = f"{drawn:,} of {facts.cells:,} cells, {types} types in {reference.label_column!r}, {scale}"
    return [Check(subject, usable and types > 0, text)]


def _types(reference: Reference, facts: Facts, config: RunConfig) -> int:
    counts = facts.labels.get(reference.label_column)
    if counts is None:
        return 0
    excluded = DEFAULT_EXCLUDE_LABELS if config.exclude_labels is None else config.exclude_labels
    return int((counts[~counts.index.isin(excluded)] >= config.min_cells_per_type).sum())


def _check_genes(queries: list[Facts], references: list[Facts], config: RunConfig) -> list[Check]:
    if not queries or not references:
        return []
    panel = [gene for gene in queries[0].genes if all(gene in set(query.genes) for query in queries[1:])]
    largest = max(len(query.genes) for query in queries)
    found = np.array([facts.has_genes(panel) for facts in references]).reshape(len(references), len(panel))
    shares = [("genes shared by all queries", len(panel), largest)] if len(queries) > 1 else []
    shares += [
        (f"panel genes in {facts.path.name}", int(own.sum()), len(panel))
        for facts, own in zip(references, found, strict=True)
    ]
    if len(references) > 1:
        shares.append(("panel genes in all references", int(found.all(axis=0).sum()), len(panel)))
    least = config.min_gene_overlap_pct
    return [
        Check(what, 100 * shared >= least * wanted > 0, f"{shared} of {wanted} ({_pct(shared, wanted)})")
        for what, shared, wanted in shares
    ]


def _check_store(store: str) -> list[Check]:
    from spatialcore import storage

    subject = f"store {store}"
    try:
        if storage.scheme_of(store) != "file":
            done = storage.exists(storage.join(store, "manifest.json"))
            return [Check(subject, True, "holds results, which will be replaced" if done else "can be reached")]
    except SpatialCoreError as error:
        return [Check(subject, False, f"{error.message} -> {error.hint}")]
    try:
        require_writable(store)
    except SpatialCoreError as error:
        return [Check(subject, False, f"{error.message} -> {error.hint}")]
    done = (Path(store).expanduser() / "manifest.json").exists()
    return [Check(subject, True, "holds results, which will be replaced" if done else "can be written to")]


def _check_proportions(config: RunConfig) -> list[Check]:
    if config.target_proportions is None:
        return []
    from spatialcore.annotation.proportions import read_proportions

    try:
        shares = read_proportions(config.target_proportions)
    except SpatialCoreError as error:
        return [Check("target proportions", False, f"{error.message} -> {error.hint}")]
    return [Check("target proportions", True, f"{len(shares)} types, {100 * sum(shares.values()):.1f} % in all")]


def _check_memory(peak: int, *, complete: bool) -> Check:
    free = available_memory()
    room = "" if free is None else f", {free / 1e9:.1f} GB are free"
    partly = "" if complete else ", without what could not be looked into"
    return Check("memory", free is None or peak < free, f"about {peak / 1e9:.1f} GB at the peak{partly}{room}")


def _pct(part: int, whole: int) -> str:
    return f"{100 * np.divide(part, max(1, whole)):.0f} %"
