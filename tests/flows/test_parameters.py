"""Parameters of the flows: defaults, limits, and fields shared with the configuration of a run."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from flows.parameters import (
    AcquireParameters,
    AnnotateParameters,
    AnnotatePendingParameters,
    RefreshParameters,
    TrainAndAnnotateParameters,
)
from spatialcore.annotation.run_config import RunConfig

RUN: dict[str, Any] = {"queries": ["q.h5ad"], "references": ["r.h5ad:label"], "tissue": "lung"}
ANNOTATE: dict[str, Any] = {"queries": ["q.h5ad"], "tissue": "lung"}


@pytest.mark.parametrize("form", [AnnotateParameters, AnnotatePendingParameters])
def test_shared_fields_have_the_default_title_and_help_of_a_run(form: type[BaseModel]) -> None:
    different = {"queries", "tissue"}
    shared = (form.model_fields.keys() & RunConfig.model_fields.keys()) - different
    assert {"store", "confidence_threshold", "generate_plots"} <= shared
    for name in shared:
        entry, field = form.model_fields[name], RunConfig.model_fields[name]
        assert (entry.default, entry.title, entry.description) == (field.default, field.title, field.description)


def test_the_configuration_has_the_defaults_of_the_flow() -> None:
    config = RunConfig.from_dict(RUN | {"confidence_threshold": 0.7})
    parameters = TrainAndAnnotateParameters.model_validate(config)
    assert parameters.promote == "always"
    assert RunConfig(**parameters.model_dump(exclude={"promote", "allow_lost_classes"})) == config


@pytest.mark.parametrize(
    ("form", "values", "message"),
    [
        (TrainAndAnnotateParameters, RUN | {"promote": "sometimes"}, "promote"),
        (RefreshParameters, RUN | {"held_out_share": 0.5}, "held_out_share"),
        (RefreshParameters, RUN | {"held_out_share": 0}, "held_out_share"),
        (RefreshParameters, RUN | {"tolerance": -0.1}, "tolerance"),
        (AnnotateParameters, ANNOTATE | {"queries": []}, "queries"),
        (AnnotateParameters, ANNOTATE | {"confidence_threshold": 1.5}, "confidence_threshold"),
        (AnnotateParameters, ANNOTATE | {"tissue": "a/b"}, "tissue"),
        (AnnotateParameters, ANNOTATE | {"max_cells_per_type": 5}, "max_cells_per_type"),
        (AnnotatePendingParameters, {"tissue": "lung"}, "samples"),
        (AcquireParameters, {"references": [{"source": "cellxgene://lung"}]}, "references.0.output"),
        (
            AcquireParameters,
            {"references": [{"source": "a", "output": "b", "max_cells": -1}]},
            "references.0.max_cells",
        ),
    ],
)
def test_invalid_values_are_refused_with_the_field(form: type[BaseModel], values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        form(**values)
    if isinstance(error.value, ValidationError):
        assert [".".join(map(str, item["loc"])) for item in error.value.errors()] == [message]


def test_defaults() -> None:
    assert AnnotateParameters(**ANNOTATE).version == "current"
    assert RefreshParameters(**RUN).held_out_share == 0.1
    assert not RefreshParameters(**RUN).allow_lost_classes
    acquisition = AcquireParameters(references=[{"source": "cellxgene://lung", "output": "lung.h5ad"}])
    assert (acquisition.force, acquisition.references[0].max_cells) == (False, 0)
