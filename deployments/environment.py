"""What the environment says of this installation; secrets come from here and go into blocks, nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from flows.embedded_server import NO_TELEMETRY
from spatialcore import storage
from spatialcore.errors import InputError

HEARTBEAT = 30  # seconds; Prefect's smallest. Without heartbeats a killed run stays Running for ever.
# A server whose database is away answers 500: workers and runs try again for about two minutes, as they do at a 503.
RETRY = {"PREFECT_CLIENT_RETRY_EXTRA_CODES": "500", "PREFECT_CLIENT_MAX_RETRIES": "6"}
# What every run needs: signs of life, and the library's lines in its log.
RUN = {
    **NO_TELEMETRY,
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT),
    "PREFECT_LOGGING_EXTRA_LOGGERS": "spatialcore",
    **RETRY,
}
# A worker that asks more often than every 10 s: who presses Run does not wait for it.
WORKER = {"PREFECT_WORKER_QUERY_SECONDS": "2", **RETRY}
# The first UI asks nobody else; leases on disk survive the server. A run that waits for its place is not Late after
# 15 s, as Prefect has it, but when somebody should look. Requests that change something must carry a token that no page
# of another origin can read, and the UI asks the server that it came from.
SERVER = {
    **NO_TELEMETRY,
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    "PREFECT_UI_API_URL": "/api",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "600",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
}


@dataclass(frozen=True)
class Installation:
    """Where results go, who may write there, and who is told of failures.

    Parameters
    ----------
    store
        A folder, ``s3://`` or ``gs://`` prefix; ``SPATIALCORE_STORE``.
    aws
        The ``AWS_*`` variables that are set.
    google
        Text of the service account's key file; the file's path is in ``GOOGLE_APPLICATION_CREDENTIALS``.
    synapse
        Personal access token; ``SYNAPSE_AUTH_TOKEN``.
    webhook
        Told of failed runs; ``SPATIALCORE_WEBHOOK_URL``.
    files
        Where browsers find what the store holds (:mod:`deployments.results_server`); ``SPATIALCORE_FILES_URL``.
    runs_at_once
        Runs of the work pool at the same time; ``SPATIALCORE_RUNS_AT_ONCE``.
    retry_crashed
        Whether a run whose process died is started again; ``SPATIALCORE_RETRY_CRASHED``.
    """

    store: str
    aws: Mapping[str, str] = field(default_factory=dict, repr=False)
    google: str = field(default="", repr=False)
    synapse: str = field(default="", repr=False)
    webhook: str = field(default="", repr=False)
    files: str = ""
    runs_at_once: int = 2
    retry_crashed: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read and check the environment.

        Raises
        ------
        InputError
            A variable holds what it cannot hold.
        """
        key_file = environment.get("GOOGLE_APPLICATION_CREDENTIALS", "")
        return cls(
            store=_store(environment.get("SPATIALCORE_STORE", "")),
            aws={name: environment[name] for name in AWS if environment.get(name)},
            google=_read(key_file) if key_file else "",
            synapse=environment.get("SYNAPSE_AUTH_TOKEN", ""),
            webhook=environment.get("SPATIALCORE_WEBHOOK_URL", ""),
            files=environment.get("SPATIALCORE_FILES_URL", "").rstrip("/"),
            runs_at_once=_count("SPATIALCORE_RUNS_AT_ONCE", environment.get("SPATIALCORE_RUNS_AT_ONCE") or "2"),
            retry_crashed=_switch("SPATIALCORE_RETRY_CRASHED", environment.get("SPATIALCORE_RETRY_CRASHED") or "no"),
        )

    @property
    def cloud(self) -> str:
        """The scheme of the store: ``s3``, ``gs``, or ``file`` for a folder."""
        return storage.scheme_of(self.store)

    @property
    def clouds(self) -> set[str]:
        """The schemes of the clouds that the runs use: those with credentials, and that of the store."""
        credentials = {"s3": self.aws, "gs": self.google}
        return {self.cloud, *(cloud for cloud, secret in credentials.items() if secret)}

    @property
    def bucket(self) -> tuple[str, str]:
        """The store's bucket and the prefix in it; both empty for a folder."""
        location = storage.parse_uri(storage.join(self.store, "x"))
        prefix = location.path.removeprefix(location.bucket).removesuffix("/x").strip("/")
        return location.bucket, prefix if location.bucket else ""


AWS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL",
)


def _store(text: str) -> str:
    if not text:
        return str(Path("spatialcore-store").absolute())  # a worker's folder is not where this was said
    path = storage.local_path(text)
    return str(path) if path else text.rstrip("/")


def _read(path: str) -> str:
    file = Path(path)
    if not file.is_file():
        raise InputError(f"GOOGLE_APPLICATION_CREDENTIALS: no file {path}", hint="give the path of the key file")
    return file.read_text()


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise InputError(f"{name}={text}", hint="give a whole number above 0")
    return int(text)


def _switch(name: str, text: str) -> bool:
    words = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    if text.lower() not in words:
        raise InputError(f"{name}={text}", hint="write yes or no")
    return words[text.lower()]
