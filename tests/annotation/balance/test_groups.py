"""Types and sources of cells, on small examples."""

import logging

import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.balance.groups import group_cells, other_names, sources_of, without_rare
from spatialcore.errors import InputError

OBS = pd.DataFrame(
    {
        "label": ["NK cell", " NK ", "B cell", None, "", "odd"],
        "id": ["CL:0000623", "CL:0000623", "CL:0000236", "CL:0000236", "CL:0000236", None],
        "source": ["a", "b", None, "a", "", "b"],
    }
)


def test_cells_are_grouped_by_label(caplog: pytest.LogCaptureFixture) -> None:
    groups = group_cells(OBS, "label", None)
    assert list(groups.categories) == ["B cell", "NK", "NK cell", "odd"]
    assert [None if pd.isna(name) else name for name in groups] == ["NK cell", "NK", "B cell", None, None, "odd"]
    assert "left out 2 cells without a label in 'label'" in caplog.text


def test_cells_are_grouped_by_id_or_else_by_label() -> None:
    groups = group_cells(OBS, "label", "id")
    assert [None if pd.isna(name) else name for name in groups] == [
        *["CL:0000623"] * 2,
        "CL:0000236",
        *[None] * 2,
        "odd",
    ]
    assert list(groups.categories) == ["CL:0000236", "CL:0000623", "odd"]


def test_rare_types_become_missing(caplog: pytest.LogCaptureFixture) -> None:
    groups = pd.Categorical(["B"] * 3 + ["T"] * 2 + ["NK"])
    with caplog.at_level(logging.WARNING):
        frequent = without_rare(groups, 2)
    assert list(frequent.categories) == ["B", "T"]
    assert frequent.codes.tolist() == [0, 0, 0, 1, 1, -1]
    assert "types with fewer than 2 cells are left out: NK (1)" in caplog.text
    with pytest.raises(InputError, match=r"no cell type has 9 cells \(the largest of 3 has 3\)"):
        without_rare(groups, 9)


def test_cells_without_a_source_are_one_source() -> None:
    assert list(sources_of(OBS, "source")) == ["a", "b", "(none)", "a", "(none)", "b"]
    assert set(sources_of(OBS, None)) == {"all"}


def test_every_name_of_a_group_is_accepted() -> None:
    obs = pd.DataFrame(
        {
            "label": ["NK", "NK cells", "B"],
            "cell_type_ontology_term_id": ["CL:0000623", "CL:0000623", None],
            "cell_type_ontology_label": ["natural killer cell", "natural killer cell", None],
        }
    )
    groups = group_cells(obs, "label", "cell_type_ontology_term_id")
    natural_killer, b = (list(groups.categories).index(name) for name in ("CL:0000623", "B"))
    assert other_names(obs, groups, "label") == {
        "NK": {natural_killer},
        "NK cells": {natural_killer},
        "B": {b},
        "CL:0000623": {natural_killer},
        "natural killer cell": {natural_killer},
    }
    assert np.array_equal(np.bincount(groups.codes), [1, 2])
