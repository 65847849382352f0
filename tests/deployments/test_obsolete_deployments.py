"""Deployments of a removed tissue are removed, and no others."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient

from deployments import setup
from deployments.definitions import definitions
from tests.deployments.conftest import setup_environment
from tests.deployments.service import Service

TONSIL = """
title: Tonsil
references: [{uri: "cellxgene://?tissue=tonsil&disease=normal"}]
panel: panels/tonsil.h5ad
samples: samples/tonsil
schedule: {cron: "0 2 11 * *", timezone: Europe/Zurich}
"""


SHIPPED = Path(__file__).parents[2] / "deployments" / "tissues"


@pytest.fixture
def set_up(
    service: Service, client: SyncPrefectClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Return a function that runs the setup command in this process; existing deployments are not sent again."""
    for name, value in setup_environment(service).items():
        monkeypatch.setenv(name, value)
    deploy, existing = setup.deploy, {definition.full_name for definition in definitions()}

    def deploy_new(installation: Any, deployments: Any) -> None:
        if new := [each for each in deployments if each.full_name not in existing]:
            deploy(installation, new)

    monkeypatch.setattr(setup, "deploy", deploy_new)

    def run(*arguments: str) -> str:
        setup.main([*arguments])
        return capsys.readouterr().out

    return run


@pytest.mark.service
@pytest.mark.slow
def test_deployments_are_created_and_removed_with_the_tissue_file(
    service: Service, set_up: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in SHIPPED.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "tonsil.yaml").write_text(TONSIL)
    shipped, before = len(definitions()), _state(service)
    monkeypatch.setenv("SPATIALCORE_TISSUES", str(tmp_path))
    assert f"deployments  {shipped + 4}" in set_up()
    assert len(_state(service)["deployments"]) == len(before["deployments"]) + 4
    (tmp_path / "tonsil.yaml").unlink()

    listed = set_up()
    assert [line.split()[1] for line in listed.splitlines() if line.startswith("obsolete")] == [
        f"{flow}/tonsil" for flow in ("annotate", "annotate_pending", "refresh_references", "train_and_annotate")
    ]
    (refresh,) = [line for line in listed.splitlines() if "refresh_references/tonsil" in line]
    assert "(schedule 0 2 11 * *, trigger 'refresh_references/tonsil on spatialcore.reference.changed')" in refresh
    assert len(_state(service)["deployments"]) == len(before["deployments"]) + 4, "obsolete deployments are listed"

    with service.sleeping_deployment() as deployment:  # a user's deployment with the project's tag
        removed = set_up("--remove")
        assert service.get(f"deployments/name/{deployment}")
    assert removed.count("removed") == 4
    assert _state(service) == before


def _state(service: Service) -> dict[str, Any]:
    automations = [each["name"] for each in service.post("automations/filter", limit=200)]
    return {"deployments": sorted(each["id"] for each in service.deployments()), "triggers": sorted(automations)}
