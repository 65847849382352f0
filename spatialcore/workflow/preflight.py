"""Check a run before it starts: URIs, columns, genes, scale, memory, store."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.core.logging import get_logger
from spatialcore.core.types import JsonObject
from spatialcore.errors import SpatialCoreError
from spatialcore.workflow.checks import (
    Check,
    check_genes,
    check_levels,
    check_memory,
    check_proportions,
    check_query,
    check_reference,
    check_species,
    check_store,
    check_types,
    shared_panel,
)
from spatialcore.workflow.dataset import DatasetSummary, summarize_dataset, summarize_reference
from spatialcore.workflow.memory import estimate_peak
from spatialcore.workflow.requirements import short_name

logger = get_logger(__name__)


@dataclass(frozen=True)
class Preflight:
    """All checks of a run, and the memory it is estimated to need."""

    checks: list[Check] = field(default_factory=list)
    peak_bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether all checks passed."""
        return all(check.ok for check in self.checks)

    def as_dict(self) -> JsonObject:
        """Return plain values, ready for JSON."""
        return {"ok": self.ok, "peak_bytes": self.peak_bytes, "checks": [asdict(check) for check in self.checks]}


def check_run(config: RunConfig, *, progress: Callable[[str], None] = logger.info) -> Preflight:
    """Check everything that a run needs. Nothing is written.

    Queries and local references are summarized (AnnData files without loading them). A remote input is summarized if
    the cache has a copy of its current version; otherwise only the version is requested.

    Parameters
    ----------
    config
        The run.
    progress
        Called with one line before each input.

    Returns
    -------
    Preflight
        All checks, passed and failed; a failed check does not stop the others.
    """
    checks: list[Check] = []
    queries, references = _summarize_inputs(config, checks, progress)
    summaries = [summary for _, summary in queries], [summary for _, summary in references]
    checks += [check_query(query, summary) for query, summary in queries]
    of_references = [check_reference(reference, summary, config) for reference, summary in references]
    of_genes = [*check_species(*summaries, config), *check_genes(*summaries, config)]
    checks += [*of_references, *of_genes]
    has_queries, has_references = len(queries) == len(config.queries), len(references) == len(config.references)
    if has_references:
        checks += check_levels(summaries[1], config)
        if all(check.ok for check in of_references):
            progress("mapping the labels of the references")
            genes_ok = has_queries and all(check.ok for check in of_genes)
            checks += check_types(config, shared_panel(summaries[0], config) if genes_ok else None)
    checks += [check_store(config.store), *check_proportions(config)]
    peak = estimate_peak(*summaries, config)
    checks.append(check_memory(peak, complete=has_queries and has_references))
    return Preflight(checks, peak)


def _summarize_inputs(
    config: RunConfig, checks: list[Check], progress: Callable[[str], None]
) -> tuple[list[tuple[Query, DatasetSummary]], list[tuple[Reference, DatasetSummary]]]:
    """Return the queries and the references that can be summarized; for the others, add checks."""

    def summarize(uri: str, subject: str, label_column: str | None = None) -> DatasetSummary | None:
        progress(f"reading {subject}")
        return _summarize(uri, subject, checks, label_column)

    queries = [(each, summary) for each in config.queries if (summary := summarize(each.uri, f"query {each.name}"))]
    references = [
        (each, summary)
        for each in config.references
        if (summary := summarize(each.uri, f"reference {short_name(each.uri)}", each.label_column))
    ]
    return queries, references


def _summarize(uri: str, subject: str, checks: list[Check], label_column: str | None) -> DatasetSummary | None:
    """Summarize one input; an error becomes a failed check."""
    from spatialcore.annotation.acquisition import resolve_uri_to_local
    from spatialcore.storage import local_path

    try:
        if local_path(uri):
            return _summarize_local(resolve_uri_to_local(uri, None), label_column)
        return _summarize_remote(uri, subject, checks, label_column)
    except SpatialCoreError as error:
        checks.append(Check.failed(subject, error))
        return None


def _summarize_local(path: Path, label_column: str | None) -> DatasetSummary:
    """Summarize a local query (without a label column) or reference."""
    return summarize_dataset(path) if label_column is None else summarize_reference(path, label_column)


def _summarize_remote(uri: str, subject: str, checks: list[Check], label_column: str | None) -> DatasetSummary | None:
    from spatialcore.sources.base import open_source
    from spatialcore.sources.folders import version_token
    from spatialcore.storage import cache

    source, token = open_source(uri), version_token(uri)
    copy = next((entry for entry in cache.list_entries() if (entry.uri, entry.token) == (source.uri, token)), None)
    if copy is not None:
        return _summarize_local(copy.path, label_column)
    checks.append(
        Check(subject, True, f"exists (version {token:.20}); columns and genes are checked after the download")
    )
    return None
