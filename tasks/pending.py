"""Find the samples of a folder that the model in use has not annotated."""

from prefect import task

from spatialcore import registry, storage
from spatialcore.annotation.run_config import Query
from spatialcore.core.logging import get_logger
from spatialcore.errors import FileMissingError, InputError, RecordError, StorageError, TransientStorageError
from spatialcore.sources.folders import version_token
from tasks.acquire import source_of
from tasks.local_folders import refuse_local
from tasks.publish_run import MANIFEST
from tasks.retries import CLOUD
from tasks.schemas import RunManifest

log = get_logger(__name__)


@task(name="look for pending samples", **CLOUD)
def pending_samples(samples: str, store: str, tissue: str) -> list[str]:
    """Return the URIs of the samples whose current version is in no run of the model in use.

    Parameters
    ----------
    samples
        A folder or URI; each file or folder in it is a sample.
    store
        The store with the runs and the model.
    tissue
        The tissue of the model.

    Returns
    -------
    list of str
        URIs in alphabetical order. Samples whose file name cannot be a sample name are left out with a warning.

    Raises
    ------
    FileMissingError
        The tissue has no model in use.
    """
    refuse_local(samples, contents=False)  # each sample is checked in its own run
    pointer = registry.current(store, tissue)
    if pointer is None:
        raise FileMissingError(f"{store} has no model in use for {tissue}", hint="run train_and_annotate first")
    annotated = _annotated(store, tissue, pointer.version)
    return [uri for uri in samples_in(samples) if _has_valid_name(uri) and _source_of(uri) not in annotated]


def _has_valid_name(uri: str) -> bool:
    """Return whether the file name can be a sample name; otherwise log a warning."""
    try:
        Query(uri=uri)
    except InputError as error:
        log.warning("skipping %s, whose name cannot be a sample name: rename the file (%s)", uri, error.message)
        return False
    return True


def samples_in(folder: str) -> list[str]:
    """Return the URIs of the files and folders directly in a folder."""
    below = folder.rstrip("/") + "/"
    prefix = storage.parse_uri(below + "x").uri.removesuffix("x")
    return sorted({prefix + uri.removeprefix(prefix).split("/")[0] for uri in storage.list_files(folder)})


def _source_of(uri: str) -> str:
    try:
        return source_of(uri, version_token(uri))
    except FileMissingError:  # no readable file in the folder: the run of this sample reports it
        return uri


def _annotated(store: str, tissue: str, version: str) -> set[str]:
    """Return the samples (``uri@token``) in the runs of one version of a model."""
    uris = storage.list_files(storage.join(store, "runs"))
    runs = [run for uri in uris if uri.endswith(f"/{MANIFEST}") and (run := _readable_run(uri, store))]
    return {
        sample.source for run in runs if run.tissue == tissue and run.model_version == version for sample in run.samples
    }


def _readable_run(uri: str, store: str) -> RunManifest | None:
    """Return the manifest of a run, or None if it cannot be read; its samples are then annotated again."""
    try:
        return storage.read_record(RunManifest, uri, store)
    except TransientStorageError:
        raise
    except (FileMissingError, RecordError, StorageError) as error:  # also a manifest that this worker may not read
        log.warning("ignoring a run: %s", error)
        return None
