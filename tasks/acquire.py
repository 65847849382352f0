"""References and queries: which version is there, and a checked copy of it."""

from pathlib import Path
from typing import Any

from prefect import task

from spatialcore import storage
from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.errors import ConflictError
from spatialcore.sources.folders import version_token
from tasks.anndata_io import keep_in_memory
from tasks.cache_keys import settings_digest, stage_key
from tasks.names import masked
from tasks.retries import CLOUD
from tasks.schemas import SourceVersion, StageResult
from tasks.stage_cache import cached_stage


@task(task_run_name=masked("look up {reference.uri}"), **CLOUD)
def look_up(reference: Reference) -> SourceVersion:
    """Ask a source for the version of a reference. Nothing is fetched."""
    return SourceVersion(
        uri=storage.redact(reference.uri), token=version_token(reference.uri), label_column=reference.label_column
    )


@task(task_run_name=masked("fetch {reference.uri}"), **CLOUD)
def fetch(reference: Reference) -> SourceVersion:
    """Put a checked copy of a reference's present version into this machine's cache, unless it is there."""
    from spatialcore.annotation.acquisition import resolve_uri_to_local

    version = look_up.fn(reference)
    resolve_uri_to_local(reference.uri)
    return version


@task(task_run_name=masked("store {source}"), **CLOUD)
def acquire(source: str, output: str, options: dict[str, Any]) -> str:
    """Fetch a reference from its source into a place of one's own, unless it is there."""
    from spatialcore.annotation.acquisition import acquire_reference

    return acquire_reference(source, output, **options)


@task(task_run_name="read {query.name}", **CLOUD)
def read_query(config: RunConfig, query: Query) -> StageResult:
    """Bring a platform's output into one form, an h5ad in the store."""

    def make(folder: Path) -> dict[str, Any]:
        from spatialcore.workflow.run import load_query

        adata = load_query(query)
        adata.write_h5ad(folder / "query.h5ad")
        keep_in_memory(key, adata)
        return {"n_obs": adata.n_obs, "n_vars": adata.n_vars}

    token = version_token(query.uri)
    key = stage_key(
        "read_query", settings_digest("read_query", config), [storage.relative(config.store, query.uri), token]
    )
    return cached_stage(config.store, "read_query", key, make, sample=query.name, source=source_of(query.uri, token))


def source_of(uri: str, token: str) -> str:
    """Return one text for a version of a sample, by which it is known again."""
    return f"{storage.redact(storage.canonical(uri))}@{token}"


def refuse_if_replaced(references: list[Reference], versions: list[SourceVersion]) -> None:
    """Raise if a reference is no longer the version that this run looked up: its result would bear the wrong name.

    Raises
    ------
    ConflictError
        With the reference's URI.
    """
    for reference, version in zip(references, versions, strict=True):
        if version_token(reference.uri) != version.token:
            raise ConflictError(f"{version.uri} was replaced while it was read", hint="start the run again")
