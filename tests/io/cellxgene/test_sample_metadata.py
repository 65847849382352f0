"""Required columns of the CELLxGENE schema: given values, obs, defaults and errors."""

import pandas as pd
import pytest

from spatialcore.errors import InputError
from spatialcore.io.cellxgene.sample_metadata import FACTS, fact_columns

GIVEN = {"tissue_ontology_term_id": "UBERON:0000310", "disease_ontology_term_id": "PATO:0000461", "donor_id": "d1"}
OBS = pd.DataFrame({"donor_id": ["a", "b"]}, index=["c1", "c2"])


def values(given: dict[str, str], platform: str = "Xenium", species: str = "human") -> dict[str, list[str]]:
    result = fact_columns(OBS, given, title="t", platform=platform, species=species)
    return {name: column.tolist() for name, column in result.items()}


def test_given_values_precede_obs_and_defaults() -> None:
    columns = values(GIVEN)
    assert columns["donor_id"] == ["d1", "d1"]
    assert columns["assay_ontology_term_id"] == ["EFO:0022955"] * 2
    assert columns["suspension_type"] == ["na", "na"]
    assert columns["self_reported_ethnicity_ontology_term_id"] == ["unknown"] * 2
    assert values({name: value for name, value in GIVEN.items() if name != "donor_id"})["donor_id"] == ["a", "b"]


def test_mouse_has_no_ethnicity() -> None:
    assert values(GIVEN, species="mouse")["self_reported_ethnicity_ontology_term_id"] == ["na", "na"]


def test_missing_fields_are_listed_with_examples() -> None:
    with pytest.raises(InputError, match=r"requires assay_ontology_term_id, tissue.*, disease") as raised:
        values({}, platform="")
    assert f"tissue_ontology_term_id={FACTS['tissue_ontology_term_id'].example}" in raised.value.hint


def test_unknown_and_invalid_fields() -> None:
    with pytest.raises(InputError, match="the schema has no field sexx"):
        values(GIVEN | {"sexx": "m"})
    with pytest.raises(InputError, match="donor_id is 'na', expected a value like donor1"):
        values(GIVEN | {"donor_id": "na"})


def test_examples_and_defaults_match_their_patterns() -> None:
    import re

    for name, fact in FACTS.items():
        assert re.fullmatch(fact.pattern, fact.example), name
        assert fact.default is None or re.fullmatch(fact.pattern, fact.default), name
