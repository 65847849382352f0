"""Look up and download references, and convert queries to h5ad."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect import task
from pydantic import JsonValue

from spatialcore import storage
from spatialcore.annotation.run_config import Query, Reference, RunConfig
from spatialcore.errors import ConflictError
from spatialcore.sources.folders import version_token
from tasks.anndata_io import write_query
from tasks.cache_keys import settings_digest, stage_key
from tasks.in_memory import QUERY
from tasks.local_folders import ACQUIRE, refuse_local
from tasks.retries import CLOUD
from tasks.schemas import QueryCells, SourceVersion
from tasks.stage_cache import cached_stage


def masked(template: str) -> Callable[..., str]:
    """Return a function that formats the name of a task run, with passwords and signatures of URLs masked.

    Parameters
    ----------
    template
        The name, with the task's parameters in braces.

    Returns
    -------
    Callable
        Takes the parameters of the task run and returns its name.
    """

    def name(parameters: dict[str, object]) -> str:
        return storage.redact(template.format(**parameters))

    return name


@task(task_run_name=masked("look up {reference.uri}"), **CLOUD)
def look_up(reference: Reference) -> SourceVersion:
    """Return the current version of a reference without downloading it."""
    refuse_local(reference.uri)
    return SourceVersion(
        uri=storage.redact(reference.uri), token=version_token(reference.uri), label_column=reference.label_column
    )


@task(task_run_name=masked("fetch {reference.uri}"), **CLOUD)
def fetch(reference: Reference) -> SourceVersion:
    """Download the current version of a reference into the local cache, unless it is cached."""
    from spatialcore.annotation.acquisition import resolve_uri_to_local

    version = look_up.fn(reference)
    resolve_uri_to_local(reference.uri)
    return version


@task(task_run_name=masked("store {source}"), **CLOUD)
def acquire(source: str, output: str, options: dict[str, Any]) -> str:
    """Copy a reference from its source to a destination, unless it has been copied before; return its URI."""
    from spatialcore.annotation.acquisition import acquire_reference

    refuse_local(source, ACQUIRE)
    return acquire_reference(source, output, **options)


@task(task_run_name="read {query.name}", **CLOUD)
def read_query(config: RunConfig, query: Query) -> QueryCells:
    """Convert a query to an h5ad in the store."""

    def make(folder: Path) -> dict[str, JsonValue]:
        from spatialcore.workflow.run import load_query

        adata = load_query(query)
        QUERY.keep(key, write_query(adata, folder / QueryCells.DATA))
        return {"n_obs": adata.n_obs, "n_vars": adata.n_vars}

    refuse_local(query.uri)
    token = version_token(query.uri)
    inputs = [storage.relative(config.store, query.uri), token, *([query.unit] if query.unit else [])]
    key = stage_key("read_query", settings_digest("read_query", config), inputs)
    return cached_stage(QueryCells, config.store, key, make, sample=query.name, source=source_of(query.uri, token))


def source_of(uri: str, token: str) -> str:
    """Return URI and version of a sample as ``uri@token``, without credentials."""
    return f"{storage.redact(storage.canonical(uri))}@{token}"


def refuse_if_replaced(references: list[Reference], versions: list[SourceVersion]) -> None:
    """Raise if a reference has changed since this run looked it up.

    Raises
    ------
    ConflictError
        With the reference's URI.
    """
    for reference, version in zip(references, versions, strict=True):
        if version_token(reference.uri) != version.token:
            raise ConflictError(f"{version.uri} changed while this run was reading it", hint="start the run again")
