"""Options and credentials of the client libraries, and one open file system for each set of them.

Credentials come, in this order, from `connection` (a Prefect block or a caller), from the environment variables of
each cloud, and from the default chain of the cloud's own SDK. They are passed to the client library only.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, Final

from spatialcore.core.provenance import digest_of
from spatialcore.storage.secrets import remember_secret, secret_values

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Options = dict[str, object]
_ENVIRONMENT: Final = ("FSSPEC_", "SPATIALCORE_STORAGE_")
_process_options: dict[str, Options] = {}
_block_options: ContextVar[dict[str, Options]] = ContextVar("connections", default={})  # noqa: B039
_file_systems: dict[str, "AbstractFileSystem"] = {}
_lock = Lock()


def use_connection(prefix: str, **options: object) -> None:
    """Use these options of the fsspec file system for every URI that starts with `prefix`, in the whole process.

    Parameters
    ----------
    prefix
        Start of the URIs, such as ``s3://`` or ``s3://bucket/``.
    **options
        Options of the fsspec file system; without any, those set before are removed.

    Examples
    --------
    >>> use_connection("s3://", endpoint_url="http://127.0.0.1:9000", key="minio", secret="minio-secret")
    >>> use_connection("s3://")  # back to the environment
    """
    remember_secret(*secret_values(options))
    if options:
        _process_options[prefix] = options
    else:
        _process_options.pop(prefix, None)


@contextmanager
def connection(prefix: str, **options: object) -> Iterator[None]:
    """Use these options for every URI that starts with `prefix`, inside the block only.

    Parameters
    ----------
    prefix
        Start of the URIs, such as ``s3://`` or ``s3://bucket/``.
    **options
        Options of the fsspec file system.

    Examples
    --------
    >>> with connection("gs://lab/", token="anon"):
    ...     options_for("gs://lab/a.h5ad")
    {'token': 'anon'}
    """
    remember_secret(*secret_values(options))
    mark = _block_options.set({**_block_options.get(), prefix: options})
    try:
        yield
    finally:
        _block_options.reset(mark)


def options_for(uri: str) -> Options:
    """Return the options of the longest prefix that matches."""
    options = {**_process_options, **_block_options.get()}
    matching = [prefix for prefix in options if uri.startswith(prefix)]
    return options[max(matching, key=len)] if matching else {}


def open_once(
    scheme: str, options: Options, create: Callable[[], "AbstractFileSystem"], *, variables: tuple[str, ...] = ()
) -> "AbstractFileSystem":
    """Return the file system of this process with these options; create it for the first request.

    Parameters
    ----------
    scheme, options
        What it is made from.
    create
        Creates it.
    variables
        Prefixes of the environment variables that the client reads when it is created: if one of them changes, a new
        client is made.
    """
    key = digest_of([os.getpid(), scheme, options, _environment((*_ENVIRONMENT, *variables))])
    with _lock:
        if key not in _file_systems:
            _file_systems[key] = create()
        return _file_systems[key]


def _environment(prefixes: tuple[str, ...]) -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}
