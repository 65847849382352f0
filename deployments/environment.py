"""Environment variables of an installation, and those of its server, workers and runs.

Secrets are read from the environment here and are saved in blocks, nowhere else.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from flows.embedded_server import NO_TELEMETRY
from spatialcore import storage
from spatialcore.errors import InputError
from spatialcore.storage.backends import SCHEMES, backend_of
from spatialcore.storage.backends.base import Backend

HEARTBEAT = 30  # seconds, Prefect's minimum. Without heartbeats, a killed run stays Running.
# A server whose database is away responds with 500. Workers and runs retry for about two minutes, as they do after 503.
RETRY = {"PREFECT_CLIENT_RETRY_EXTRA_CODES": "500", "PREFECT_CLIENT_MAX_RETRIES": "6"}
RUN = {
    **NO_TELEMETRY,
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT),
    "PREFECT_LOGGING_EXTRA_LOGGERS": "spatialcore",
    **RETRY,
}
# By default a worker polls every 10 s, for which a user would wait after pressing Run.
WORKER = {"PREFECT_WORKER_QUERY_SECONDS": "2", **RETRY}
# CSRF protection: a request that changes something needs a token that pages of other origins cannot read. The first UI
# makes no requests to third parties, and calls the server that it came from. A waiting run is Late after ten minutes
# (Prefect: 15 s), when somebody should look. Concurrency leases on disk survive a restart of the server. After an
# outage the server must still know from which runs it expects heartbeats: by default it forgets them within a minute of
# their silence, and dead ones stay Running.
SERVER = {
    **NO_TELEMETRY,
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_UI_API_URL": "/api",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "600",
    "PREFECT_SERVER_EVENTS_EXPIRED_BUCKET_BUFFER": "P7D",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}


@dataclass(frozen=True)
class Installation:
    """Settings and credentials of an installation.

    Parameters
    ----------
    store
        A folder or URI; ``SPATIALCORE_STORE``.
    credentials
        URI scheme -> variable -> value, for each storage backend with variables in the environment. The value of a
        variable that names a file with credentials is the content of the file.
    synapse
        Personal access token; ``SYNAPSE_AUTH_TOKEN``.
    webhook
        URL that is called for failed runs; ``SPATIALCORE_WEBHOOK_URL``.
    files
        URL by which browsers reach :mod:`deployments.results_server`; ``SPATIALCORE_FILES_URL``.
    runs_at_once
        Concurrent runs of the work pool; ``SPATIALCORE_RUNS_AT_ONCE``.
    retry_crashed
        Whether crashed runs are started again; ``SPATIALCORE_RETRY_CRASHED``.
    """

    store: str
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    synapse: str = field(default="", repr=False)
    webhook: str = field(default="", repr=False)
    files: str = ""
    runs_at_once: int = 2
    retry_crashed: bool = False

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read and check the environment variables.

        Raises
        ------
        InputError
            A variable has an invalid value.

        Examples
        --------
        >>> installation = Installation.from_environment({"SPATIALCORE_STORE": "s3://lab/store/"})
        >>> installation.store, installation.bucket, installation.runs_at_once
        ('s3://lab/store', ('lab', 'store'), 2)
        """
        credentials = {scheme: _credentials(backend_of(scheme), environment) for scheme in SCHEMES}
        return cls(
            store=_store(environment.get("SPATIALCORE_STORE", "")),
            credentials={scheme: values for scheme, values in credentials.items() if values},
            synapse=environment.get("SYNAPSE_AUTH_TOKEN", ""),
            webhook=environment.get("SPATIALCORE_WEBHOOK_URL", ""),
            files=environment.get("SPATIALCORE_FILES_URL", "").rstrip("/"),
            runs_at_once=_count("SPATIALCORE_RUNS_AT_ONCE", environment.get("SPATIALCORE_RUNS_AT_ONCE") or "2"),
            retry_crashed=_switch("SPATIALCORE_RETRY_CRASHED", environment.get("SPATIALCORE_RETRY_CRASHED") or "no"),
        )

    @property
    def scheme(self) -> str:
        """URI scheme of the store; ``file`` for a folder."""
        return storage.scheme_of(self.store)

    @property
    def bucket(self) -> tuple[str, str]:
        """Bucket of the store and the prefix in it; both are empty for a folder."""
        location = storage.parse_uri(storage.join(self.store, "x"))
        prefix = location.path.removeprefix(location.bucket).removesuffix("/x").strip("/")
        return location.bucket, prefix if location.bucket else ""


def _credentials(backend: Backend, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a backend that are set; of a variable that names a file, the content of the file."""
    names = (*backend.secret_variables, *backend.setting_variables)
    values = {name: environment[name] for name in names if environment.get(name)}
    return values | {name: _read(name, environment[name]) for name in backend.secret_files if environment.get(name)}


def _store(text: str) -> str:
    if not text:
        return str(Path("spatialcore-store").absolute())  # a worker may run in another folder
    path = storage.local_path(text)
    return str(path) if path else text.rstrip("/")


def _read(name: str, path: str) -> str:
    file = Path(path)
    if not file.is_file():
        raise InputError(f"{name}={path}: there is no such file", hint="set it to the path of the key file")
    return file.read_text()


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{name}={text}: expected a positive integer", hint="set it to a number such as 2")
    return int(text)


def _switch(name: str, text: str) -> bool:
    values = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in values:
        raise InputError(f"{name}={text}: expected yes or no", hint="set it to yes or no")
    return values[text.lower()]
