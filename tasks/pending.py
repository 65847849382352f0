"""Which samples of a folder are still to be annotated."""

from prefect import task
from pydantic import ValidationError

from spatialcore import registry, storage
from spatialcore.annotation.run_config import Query
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, RecordError
from spatialcore.sources.folders import version_token
from tasks.acquire import source_of
from tasks.local_folders import refuse_local
from tasks.publish import MANIFEST
from tasks.retries import CLOUD
from tasks.schemas import RunManifest

log = get_logger(__name__)


@task(name="look for pending samples", **CLOUD)
def pending_samples(samples: str, store: str, tissue: str) -> list[str]:
    """Return the URIs of the samples that no run of the tissue's model in use holds as they are now.

    Parameters
    ----------
    samples
        A folder: each file or folder in it is a sample.
    store, tissue
        Where the runs are, and whose model is asked for.
    """
    refuse_local(samples)
    pointer = registry.current(store, tissue)
    if pointer is None:
        raise FileMissingError(f"{store} has no model in use for {tissue}", hint="run train_and_annotate first")
    done = _annotated(store, tissue, pointer.version)
    return [uri for uri in samples_in(samples) if _has_name(uri) and _source_of(uri) not in done]


def _has_name(uri: str) -> bool:
    """Tell whether a sample can be called after its file; one that cannot must not hold back the others."""
    try:
        Query(uri=uri)
    except ValidationError as error:
        log.warning("left out: %s: rename the file (%s)", uri, error.errors()[0]["msg"])
        return False
    return True


def samples_in(folder: str) -> list[str]:
    """Return the URIs of what lies directly in a folder."""
    below = folder.rstrip("/") + "/"
    prefix = storage.parse_uri(below + "x").uri.removesuffix("x")
    return sorted({prefix + uri.removeprefix(prefix).split("/")[0] for uri in storage.list_files(folder)})


def _source_of(uri: str) -> str:
    try:
        return source_of(uri, version_token(uri))
    except FileMissingError:  # nothing in it that could be read: its own run will say so
        return uri


def _annotated(store: str, tissue: str, version: str) -> set[str]:
    """Return the samples, each in its version, in the runs of one version of a model."""
    uris = storage.list_files(storage.join(store, "runs"))
    runs = [run for uri in uris if uri.endswith(f"/{MANIFEST}") and (run := _readable_run(uri, store))]
    return {
        sample.source for run in runs if run.tissue == tissue and run.model_version == version for sample in run.samples
    }


def _readable_run(uri: str, store: str) -> RunManifest | None:
    """Return a run's manifest, or None where it cannot be read: the samples of that run are then annotated again."""
    try:
        return storage.read_record(RunManifest, uri, store)
    except (FileMissingError, RecordError) as error:
        log.warning("a run is left out: %s", error)
        return None
