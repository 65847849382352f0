"""A tissue that is gone takes its deployments with it, and only those."""

from pathlib import Path
from typing import Any

import pytest

from deployments.definitions import definitions
from tests.deployments.conftest import set_up
from tests.deployments.service import Service

TONSIL = """
title: Tonsil
references: [{uri: "cellxgene://?tissue=tonsil&disease=normal"}]
panel: panels/tonsil.h5ad
samples: samples/tonsil
schedule: {cron: "0 2 11 * *", timezone: Europe/Zurich}
"""


@pytest.mark.service
@pytest.mark.slow
def test_a_tissue_of_ones_own_comes_and_goes(service: Service, tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "deployments" / "tissues"
    folder = tmp_path / "tissues"
    folder.mkdir()
    for file in shipped.glob("*.yaml"):
        (folder / file.name).write_text(file.read_text())
    (folder / "tonsil.yaml").write_text(TONSIL)
    before = _there(service)
    said = set_up(service, SPATIALCORE_TISSUES=str(folder))
    assert f"deployments  {len(definitions()) + 4}" in said
    assert len(_there(service)["deployments"]) == len(before["deployments"]) + 4
    (folder / "tonsil.yaml").unlink()

    dry = set_up(service, SPATIALCORE_TISSUES=str(folder))
    assert [line.split()[1] for line in dry.splitlines() if line.startswith("obsolete")] == [
        f"{flow}/tonsil" for flow in ("annotate", "annotate_pending", "refresh_references", "train_and_annotate")
    ]
    (refresh,) = [line for line in dry.splitlines() if "refresh_references/tonsil" in line]
    assert "(schedule 0 2 11 * *, trigger 'refresh_references/tonsil on spatialcore.reference.changed')" in refresh
    assert len(_there(service)["deployments"]) == len(before["deployments"]) + 4, "it only lists them"

    with service.waits() as waits:  # somebody's own, under our tag
        removed = set_up(service, "--remove", SPATIALCORE_TISSUES=str(folder))
        assert service.get(f"deployments/name/{waits}")
    assert removed.count("removed") == 4
    assert _there(service) == before


def _there(service: Service) -> dict[str, Any]:
    automations = [each["name"] for each in service.post("automations/filter", limit=200)]
    return {"deployments": sorted(each["id"] for each in service.deployments()), "triggers": sorted(automations)}
