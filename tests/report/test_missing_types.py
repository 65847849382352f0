"""The warning about types that are missing in the references."""

import json

import numpy as np
import pytest

from spatialcore.annotation import run_manifest
from spatialcore.annotation.unknown.groups import group_unknown_cells
from spatialcore.report.missing_types import missing_types_warning
from tests.annotation.unknown.test_groups import simulated_cells


@pytest.mark.parametrize(
    ("classes", "named", "not_named"),
    [
        ({"fibroblast": "CL:0000057"}, ("B cell (80 cells)", "T cell"), ()),
        ({"fibroblast": "CL:0000057", "T cell": "CL:0000084"}, ("B cell (80 cells)",), ("T cell",)),
        ({"naive B cell": "CL:0000788", "lymphocyte": "CL:0000542"}, (), ("B cell", "T cell")),
        ({"own": ""}, (), ("B cell", "T cell")),
    ],
)
def test_types_related_to_no_class_are_named(
    classes: dict[str, str], named: tuple[str, ...], not_named: tuple[str, ...], rng: np.random.Generator
) -> None:
    adata = simulated_cells(80, 60, 200, rng)
    run_manifest.record(adata, model_card_json=json.dumps({"ontology_ids": classes}))
    group_unknown_cells(adata)
    text = missing_types_warning(adata)
    assert all(name in text for name in named)
    assert not any(name in text for name in not_named)
    assert bool(text) == bool(named)


def test_no_warning_without_groups(rng: np.random.Generator) -> None:
    assert missing_types_warning(simulated_cells(0, 0, 50, rng)) == ""
