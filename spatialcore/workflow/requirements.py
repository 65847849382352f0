"""Requirements of a run, checked before the first long step: references, label columns, a writable store."""

from pathlib import Path

from spatialcore.annotation.references.profile_files import has_profiles, is_table, profile_labels
from spatialcore.annotation.references.taxonomy_stats import is_taxonomy_stats
from spatialcore.annotation.run_config import Reference, RunConfig
from spatialcore.core.files import require_writable
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.on_disk.file_content import LABELLED
from spatialcore.errors import InputError, LabelColumnError
from spatialcore.io.formats import identify
from spatialcore.io.recognition.format import Format


def require_run(config: RunConfig) -> None:
    """Raise if a run is certain to fail, before the queries are read.

    Only local files are checked, and only the column names of references.

    Raises
    ------
    FileMissingError, InputError
        A query or a reference does not exist, or its format cannot be read.
    LabelColumnError
        A reference lacks its label column.
    StorageError
        Results cannot be written to the store.
    """
    from spatialcore.annotation.acquisition import resolve_uri_to_local
    from spatialcore.storage import local_path

    for query in config.queries:
        if local_path(query.uri):
            identify(resolve_uri_to_local(query.uri))
    for reference in config.references:
        if local_path(reference.uri):
            _require_reference(reference, resolve_uri_to_local(reference.uri))
    if local_path(config.store):
        require_writable(config.store)


def not_a_reference(data_format: Format, path: Path) -> InputError:
    """Return the error for a reference of a format that only queries may have."""
    return InputError(
        f"{data_format.name}: references are .h5ad or AnnData .zarr", hint=LABELLED.format(path=str(path))
    )


def short_name(uri: str) -> str:
    """Return the last part of a URI."""
    return uri.rstrip("/").rpartition("/")[2] or uri


def _require_level(reference: Reference, levels: list[str]) -> None:
    if levels and reference.label_column not in levels:
        hint = f"use a level of the taxonomy: {reference.uri}:{levels[-1]}"
        where = short_name(reference.uri)
        raise LabelColumnError.absent(reference.label_column, levels, where=where, listed="Levels", hint=hint)


def _require_reference(reference: Reference, path: Path) -> None:
    if is_table(path) or is_taxonomy_stats(path):
        _require_level(reference, profile_labels(path))
        return
    data_format = identify(path)
    if not data_format.name.startswith("AnnData"):
        raise not_a_reference(data_format, path)
    if has_profiles(path, reference.label_column):
        return
    with AnnDataFile(path) as file:
        columns = file.obs_columns
    if reference.label_column not in columns:
        raise LabelColumnError.absent(reference.label_column, columns, where=path.name)
