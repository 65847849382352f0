"""The work pool, its two queues, and the number of concurrent runs."""

from collections.abc import Mapping
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from deployments.definitions import PEOPLE, POOL, SCHEDULED

PROCESS: Final = "process"  # the pool type that runs processes on the worker's machine
# Queue -> priority (1 is the highest) and concurrent runs (None: no limit).
QUEUES: Final[dict[str, tuple[int, int | None]]] = {PEOPLE: (1, None), SCHEDULED: (2, 1)}


def save_pool(client: SyncPrefectClient, environment: Mapping[str, str], runs_at_once: int) -> None:
    """Create or update the work pool and its queues.

    The template of a pool of another type is not changed: it comes from :mod:`deployments.job_template`.

    Parameters
    ----------
    client
        Client of the server.
    environment
        Environment of the runs.
    runs_at_once
        Concurrent runs of the pool.
    """
    settings = {"base_job_template": job_template(environment), "concurrency_limit": runs_at_once}
    try:
        pool = client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=POOL, type=PROCESS, **settings))
    else:
        if pool.type != PROCESS:
            del settings["base_job_template"]
        client.update_work_pool(POOL, WorkPoolUpdate(**settings))
    for name, (priority, limit) in QUEUES.items():
        _save_queue(client, name, priority, limit)


def job_template(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the base job template of the process worker with the environment of the runs.

    ``stream_output`` is off: with it, a run whose worker was killed fails with a broken pipe when it next logs.
    """
    template: dict[str, Any] = ProcessWorker.get_default_base_job_template()
    properties = template["variables"]["properties"]
    properties["env"]["default"] = dict(environment)
    properties["stream_output"]["default"] = False
    return template


def _save_queue(client: SyncPrefectClient, name: str, priority: int, limit: int | None) -> None:
    try:
        queue = client.read_work_queue_by_name(name, work_pool_name=POOL)
    except ObjectNotFound:
        queue = client.create_work_queue(name, work_pool_name=POOL)
    client.update_work_queue(queue.id, priority=priority, concurrency_limit=limit)
