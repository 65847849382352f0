"""The work pool and its queues on a real server."""

import pytest
from prefect.client.orchestration import SyncPrefectClient

from deployments import work_pool
from tests.deployments.service import STORE, Service

TEMPLATE = {"job_configuration": {"image": "{{ image }}"}, "variables": {"properties": {"image": {"type": "string"}}}}


@pytest.mark.service
def test_the_pool_and_its_queues_have_their_limits(service: Service) -> None:
    assert service.get("work_pools/spatialcore")["concurrency_limit"] == 2
    queues = {queue["name"]: queue for queue in service.post("work_pools/spatialcore/queues/filter")}
    assert queues["people"]["priority"] < queues["scheduled"]["priority"]
    assert queues["scheduled"]["concurrency_limit"] == 1


@pytest.mark.service
def test_a_pool_on_another_platform_keeps_its_template(
    service: Service, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_pool, "POOL", "cloud")
    service.post("work_pools/", name="cloud", type="kubernetes", base_job_template=TEMPLATE)
    work_pool.save_pool(client, {"SPATIALCORE_STORE": STORE}, 3)
    pool = service.get("work_pools/cloud")
    assert (pool["type"], pool["base_job_template"], pool["concurrency_limit"]) == ("kubernetes", TEMPLATE, 3)
    queues = {queue["name"] for queue in service.post("work_pools/cloud/queues/filter")}
    assert {"people", "scheduled"} <= queues


def test_runs_get_the_environment_and_do_not_stream_their_output() -> None:
    properties = work_pool.job_template({"SPATIALCORE_STORE": STORE})["variables"]["properties"]
    assert properties["env"]["default"] == {"SPATIALCORE_STORE": STORE}
    assert properties["stream_output"]["default"] is False
