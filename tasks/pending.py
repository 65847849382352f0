"""Which samples of a folder are still to be annotated."""

from prefect import task

from spatialcore import registry, storage
from spatialcore.errors import FileMissingError
from spatialcore.sources.folders import version_token
from tasks.acquire import source_of
from tasks.publish import MANIFEST
from tasks.retries import CLOUD
from tasks.schemas import RunManifest


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
    pointer = registry.current(store, tissue)
    if pointer is None:
        raise FileMissingError(f"{store} has no model in use for {tissue}", hint="run train_and_annotate first")
    done = _annotated(store, tissue, pointer.version)
    return [uri for uri in samples_in(samples) if _source_of(uri) not in done]


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
    runs = [storage.read_record(RunManifest, uri, store) for uri in uris if uri.endswith(f"/{MANIFEST}")]
    return {
        sample.source for run in runs if run.tissue == tissue and run.model_version == version for sample in run.samples
    }
