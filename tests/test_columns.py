"""Names of columns and entries: unique, valid as keys, and as in the CELLxGENE schema."""

from spatialcore import columns

NAMES = {name: value for name, value in vars(columns).items() if name.isupper() and isinstance(value, str)}


def test_names_are_unique_and_valid():
    assert len(set(NAMES.values())) == len(NAMES)
    assert not [value for value in NAMES.values() if "/" in value or value.startswith("_")]


def test_names_of_the_cellxgene_schema():
    assert columns.CELL_TYPE == "cell_type"
    assert columns.ONTOLOGY_ID == "cell_type_ontology_term_id"
