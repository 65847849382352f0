"""The generated prefect.yaml."""

import sys
from pathlib import Path

import pytest
import yaml

from deployments import prefect_yaml
from deployments.definitions import Definition
from deployments.prefect_yaml import PATH, main, render
from deployments.tissue_settings import Schedule

EVENT = ("spatialcore.reference.changed", "spatialcore.reference.lung")


def test_the_committed_file_is_up_to_date() -> None:
    assert PATH.read_text() == render(), "run python -m deployments.prefect_yaml"


def test_schedule_event_and_limit_of_a_deployment() -> None:
    schedule = Schedule(cron="0 2 1 * *", active=True)
    definition = Definition(
        "refresh_references", "lung", "Refresh", {}, ("references",), "scheduled", schedule, EVENT, one_at_a_time=True
    )
    (entry,) = yaml.safe_load(render([definition]))["deployments"]
    assert entry["entrypoint"] == "flows.refresh_references.refresh_references"
    assert entry["tags"] == ["spatialcore", "automatic", "references"]
    assert entry["work_pool"] == {"name": "spatialcore", "work_queue_name": "scheduled"}
    assert entry["schedules"] == [{"slug": "own", "cron": "0 2 1 * *", "timezone": "Etc/UTC", "active": True}]
    (trigger,) = entry["triggers"]
    assert (trigger["expect"], trigger["match"]) == ([EVENT[0]], {"prefect.resource.id": EVENT[1]})
    assert trigger["name"] == f"refresh_references/lung on {EVENT[0]}"
    assert entry["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


def test_the_file_has_no_yaml_aliases() -> None:
    config = {"references": ["cellxgene://lung"]}
    text = render([Definition("annotate", name, "", config, ()) for name in ("lung", "heart")])
    assert text.count("cellxgene://lung") == 2
    assert "&id" not in text


def test_check_compares_and_the_command_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefect_yaml, "PATH", tmp_path / "prefect.yaml")
    monkeypatch.setattr(sys, "argv", ["prefect_yaml", "--check"])
    with pytest.raises(SystemExit, match=r"prefect\.yaml is not up to date"):
        main()
    monkeypatch.setattr(sys, "argv", ["prefect_yaml"])
    main()
    assert (tmp_path / "prefect.yaml").read_text() == PATH.read_text()
    monkeypatch.setattr(sys, "argv", ["prefect_yaml", "--check"])
    main()
