"""The definitions in the repository: the tissues, and prefect.yaml, which is generated from them."""

from importlib import import_module
from typing import Any

import pytest
import yaml

from deployments.definitions import STORE, definitions
from deployments.prefect_yaml import PATH
from deployments.tissue_settings import Tissue, load_tissues
from spatialcore.errors import InputError
from spatialcore.sources import open_source

COMMITTED: list[dict[str, Any]] = yaml.safe_load(PATH.read_text())["deployments"]
# Flow -> parameters without a default, which the user enters.
USER_PARAMETERS: dict[str, dict[str, Any]] = {
    "train_and_annotate": {"queries": [{"uri": "s3://lab/run7"}]},
    "annotate": {"queries": [{"uri": "s3://lab/run7"}]},
    "acquire_references": {"references": [{"source": "cellxgene://lung_covid", "output": "s3://lab/lung.h5ad"}]},
}
GOOD = """
title: Lung
references: [{uri: "cellxgene://human_lung_cell_atlas"}]
panel: panels/lung.h5ad
samples: samples/lung
schedule: {cron: "0 2 1 * *"}
"""


@pytest.mark.parametrize("entry", COMMITTED, ids=lambda entry: f"{entry['entrypoint'].split('.')[1]}-{entry['name']}")
def test_every_deployment_loads_and_its_flow_accepts_its_parameters(entry: dict[str, Any]) -> None:
    module, _, name = entry["entrypoint"].rpartition(".")
    flow = getattr(import_module(module), name)
    config = {**entry["parameters"]["config"], **USER_PARAMETERS.get(name, {})}
    if name == "train_and_annotate" and entry["name"] == "any":
        config["references"] = [{"uri": "s3://lab/reference.h5ad"}]
    parameters = flow.validate_parameters({"config": config})["config"]
    assert all(getattr(parameters, key) is not None for key in entry["parameters"]["config"])


@pytest.mark.parametrize("flow", sorted({each.flow for each in definitions()}))
def test_every_field_of_a_form_has_title_help_and_a_simple_widget(flow: str) -> None:
    """Simple widgets are a list, a drop-down, a switch or a box; only rarely used fields are entered as JSON."""
    schema = getattr(import_module(f"flows.{flow}"), flow).parameters.model_dump()
    cards = schema["definitions"]
    fields = {f"{card}.{name}": field for card, one in cards.items() for name, field in one["properties"].items()}
    assert len(fields) > 3
    assert [name for name, field in fields.items() if not (field.get("title") and field.get("description"))] == []
    json = {name.partition(".")[2] for name, field in fields.items() if not _is_simple(field, cards)}
    assert json <= {"target_proportions", "exclude_labels", "taxonomy_levels"}


def _is_simple(field: dict[str, Any], cards: dict[str, Any]) -> bool:
    if field.get("type") == "array":
        return field["items"].get("$ref", "").rpartition("/")[2] in cards
    return "enum" in field or field.get("type") in {"string", "integer", "number", "boolean"}


def test_every_reference_has_a_source() -> None:
    for tissue in load_tissues():
        for reference in tissue.references:
            open_source(reference.uri)


def test_deployments_that_cost_money_are_paused() -> None:
    schedules = [schedule for entry in COMMITTED for schedule in entry.get("schedules", [])]
    assert len(schedules) == len(load_tissues())
    assert not any(schedule["active"] for schedule in schedules)
    assert all(schedule["timezone"] for schedule in schedules)


def test_a_tissue_may_set_all_fields_of_a_run() -> None:
    tissue = Tissue.read("lung", GOOD + "max_cells_per_type: 300\n")
    assert tissue.settings() == {"tissue": "lung", "max_cells_per_type": 300}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("max_cels: 3", "max_cels"),
        ('schedule: {cron: "every monday"}', "cron"),
        ('schedule: {cron: "0 2 1 * *", timezone: Mars/Olympus}', "timezone"),
        ("confidence_threshold: 7", "confidence_threshold"),
        ("tissue: liver", "the name of the file is the name"),
        ("references: [", "invalid YAML"),
    ],
)
def test_an_error_in_a_tissue_is_reported(line: str, message: str) -> None:
    key = line.partition(":")[0]
    lines = [text for text in GOOD.splitlines() if not text.startswith(f"{key}:")]
    with pytest.raises(InputError, match=message):
        Tissue.read("lung", "\n".join([*lines, line]))


def test_events_start_their_flows() -> None:
    from flows.refresh_references import PROMOTED

    waiting = {f"{each.flow}/{each.name}": each.event for each in definitions() if each.event}
    assert waiting["annotate_pending/lung"] == (PROMOTED, "spatialcore.model.lung")
    assert waiting["refresh_references/lung"] == ("spatialcore.reference.changed", "spatialcore.reference.lung")


def test_every_path_is_in_the_store_of_the_installation() -> None:
    for entry in COMMITTED:
        config = entry["parameters"]["config"]
        assert config.get("store", STORE) == STORE
        assert config.get("samples", STORE).startswith(STORE)


def test_every_tissue_has_a_species_that_matches_its_references() -> None:
    for tissue in load_tissues():
        assert tissue.settings()["species"] in ("human", "mouse")
        organisms = {"organism=mus_musculus" in reference.uri for reference in tissue.references}
        assert organisms == {tissue.species == "mouse"}
