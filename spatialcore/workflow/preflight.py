"""Everything that can be known before a run: URIs, columns, genes, scale, memory, room for the results."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from spatialcore.annotation.run_config import Reference, RunConfig
from spatialcore.core.logging import get_logger
from spatialcore.errors import SpatialCoreError
from spatialcore.workflow.checks import (
    Check,
    check_genes,
    check_memory,
    check_proportions,
    check_query,
    check_reference,
    check_species,
    check_store,
    check_types,
    kept_labels,
)
from spatialcore.workflow.dataset import DatasetSummary, look_at, look_at_reference
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

    def look(uri: str, subject: str, label_column: str | None = None) -> DatasetSummary | None:
        progress(f"looking at {subject}")
        return _look(uri, subject, checks, label_column)

    queries = [(each, facts) for each in config.queries if (facts := look(each.uri, f"query {each.name}"))]
    references = [
        (each, facts)
        for each in config.references
        if (facts := look(each.uri, f"reference {short_name(each.uri)}", each.label_column))
    ]
    seen = [facts for _, facts in queries], [facts for _, facts in references]
    checks += [check_query(query, facts) for query, facts in queries]
    checks += [check_reference(reference, facts, config) for reference, facts in references]
    checks += [*check_species(*seen, config), *check_genes(*seen, config)]
    labels = [kept for each, facts in references if (kept := _labels(each, facts, config)) is not None]
    checks += check_types(labels, config) if len(labels) == len(config.references) else []
    checks += [check_store(config.store), *check_proportions(config)]
    peak = estimate_peak(*seen, config)
    complete = len(queries) == len(config.queries) and len(references) == len(config.references)
    checks.append(check_memory(peak, complete=complete))
    return Preflight(checks, peak)


def _labels(reference: Reference, facts: DatasetSummary, config: RunConfig) -> "pd.Series[int] | None":
    """Return the cells of each label, None where there are none: then this is told already."""
    try:
        return kept_labels(facts, reference.label_column, config)
    except SpatialCoreError:
        return None


def _look(uri: str, subject: str, checks: list[Check], label_column: str | None) -> DatasetSummary | None:
    """Look into one input; a fault becomes a check that failed."""
    from spatialcore.annotation.acquisition import resolve_uri_to_local
    from spatialcore.storage import local_path

    try:
        if local_path(uri):
            return _look_local(resolve_uri_to_local(uri, None), label_column)
        return _look_remote(uri, subject, checks, label_column)
    except SpatialCoreError as error:
        checks.append(Check.failed(subject, error))
        return None


def _look_local(path: Path, label_column: str | None) -> DatasetSummary:
    """Look into a file: a query where no label column is given, else a reference."""
    return look_at(path) if label_column is None else look_at_reference(path, label_column)


def _look_remote(uri: str, subject: str, checks: list[Check], label_column: str | None) -> DatasetSummary | None:
    from spatialcore.sources.base import open_source
    from spatialcore.sources.folders import version_token
    from spatialcore.storage import cache

    source, token = open_source(uri), version_token(uri)
    copy = next((entry for entry in cache.list_entries() if (entry.uri, entry.token) == (source.uri, token)), None)
    if copy is not None:
        return _look_local(copy.path, label_column)
    checks.append(Check(subject, True, f"there (version {token:.20}); columns and genes are seen once it is fetched"))
    return None
