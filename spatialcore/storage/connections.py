"""From a URI to a file system with time-outs and credentials.

Credentials come, in this order, from `connection` (what a Prefect block or a caller gives), from the environment
variables of each cloud, and from the chain of the cloud's own SDK. They are handed to the client library and to nobody
else.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Lock
from typing import Any, Final

from spatialcore.core.provenance import digest_of
from spatialcore.errors import DependencyError
from spatialcore.storage.policy import Policy
from spatialcore.storage.secrets import mask_logs_of, remember_secret
from spatialcore.storage.uri import Location, parse_uri

# The texts that users of the specification look for.
_MISSING: Final = {
    "s3": "boto3 is needed for s3:// URIs: pip install boto3 s3fs",
    "gs": "google-cloud-storage is needed for gs:// URIs: pip install google-cloud-storage gcsfs",
}
_SECRET_OPTIONS: Final = ("key", "secret", "token", "password")
_ENVIRONMENT: Final = ("AWS_", "GOOGLE_", "STORAGE_EMULATOR_HOST", "GCSFS_", "FSSPEC_", "SPATIALCORE_STORAGE_")
_given: dict[str, dict[str, Any]] = {}
_scoped: ContextVar[dict[str, dict[str, Any]]] = ContextVar("connections", default={})  # noqa: B039
_open: dict[str, Any] = {}
_lock = Lock()


def use_connection(prefix: str, **options: Any) -> None:
    """Use these options of the fsspec file system for every URI that starts with `prefix`, in the whole process.

    Examples
    --------
    >>> use_connection("s3://", endpoint_url="http://127.0.0.1:9000", key="minio", secret="minio-secret")
    >>> use_connection("s3://")  # back to the environment
    """
    _remember(options)
    if options:
        _given[prefix] = options
    else:
        _given.pop(prefix, None)


@contextmanager
def connection(prefix: str, **options: Any) -> Iterator[None]:
    """Use these options for every URI that starts with `prefix`, inside the block only."""
    _remember(options)
    mark = _scoped.set({**_scoped.get(), prefix: options})
    try:
        yield
    finally:
        _scoped.reset(mark)


def connect(uri: str | Path | Location) -> tuple[Any, Location]:
    """Return the fsspec file system of a URI, and the place in it.

    Raises
    ------
    DependencyError
        If the package of the cloud is not installed.
    """
    location = uri if isinstance(uri, Location) else parse_uri(uri)
    options = {**_defaults(location.scheme), **_options_for(location.uri)}
    key = digest_of([os.getpid(), location.scheme, options, _environment()])
    with _lock:
        if key not in _open:
            _open[key] = _make(location.scheme, options)
        return _open[key], location


def _make(scheme: str, options: dict[str, Any]) -> Any:
    try:
        system = _file_system(scheme)(skip_instance_cache=True, **options)
    except ImportError as error:
        missing = DependencyError(_MISSING.get(scheme, str(error)), hint=f"extra: spatialcore-celltyping[{scheme}]")
        raise missing from None
    mask_logs_of("fsspec", "s3fs", "gcsfs", "aiobotocore", "botocore", "urllib3", "aiohttp.client")
    if scheme == "s3":
        system.retries = 1  # the retries are ours
    return system


def _file_system(scheme: str) -> Any:
    """Return the class of a scheme's file systems."""
    if scheme == "gs":
        # gcsfs puts another in its place, for zonal buckets: it asks a metadata server first, for up to a minute.
        os.environ.setdefault("GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT", "false")
        from gcsfs import core

        return core.GCSFileSystem
    import fsspec

    return fsspec.get_filesystem_class(scheme)


def _defaults(scheme: str) -> dict[str, Any]:
    policy = Policy.from_environment()
    if scheme == "s3":
        config = {
            "connect_timeout": policy.connect_timeout,
            "read_timeout": policy.read_timeout,
            "retries": {"total_max_attempts": 1},
            "max_pool_connections": max(10, 2 * policy.streams),
            # Every request of ours has its own MD5; other stores than Amazon's stumble over the SDK's.
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
        }
        return {"config_kwargs": config, "use_listings_cache": False, "max_concurrency": policy.streams}
    if scheme == "gs":
        anonymous = {"token": "anon"} if os.environ.get("STORAGE_EMULATOR_HOST") else {}
        return {"use_listings_cache": False, "requests_timeout": _http_timeout(policy), **anonymous}
    if scheme in {"http", "https"}:
        return {"client_kwargs": {"timeout": _http_timeout(policy), "trust_env": True}}
    return {}


def _http_timeout(policy: Policy) -> Any:
    import aiohttp

    return aiohttp.ClientTimeout(
        total=None, connect=policy.connect_timeout, sock_connect=policy.connect_timeout, sock_read=policy.read_timeout
    )


def _options_for(uri: str) -> dict[str, Any]:
    """Return the options of the longest prefix that fits."""
    known = {**_given, **_scoped.get()}
    fitting = [prefix for prefix in known if uri.startswith(prefix)]
    return known[max(fitting, key=len)] if fitting else {}


def _environment() -> dict[str, str]:
    """Return what a client reads at its start: a changed key must give a new client."""
    return {name: value for name, value in os.environ.items() if name.startswith(_ENVIRONMENT)}


def _remember(options: dict[str, Any]) -> None:
    remember_secret(*(str(options[name]) for name in _SECRET_OPTIONS if isinstance(options.get(name), str)))
