"""Terms of the Cell Ontology, their names and replacements."""

import pytest

from spatialcore.annotation.ontology import (
    current_id,
    is_a,
    name_of,
)
from spatialcore.annotation.ontology.hierarchy import PANEL_TERMS
from spatialcore.errors import InputError


def test_names_and_current_ids():
    assert name_of("CL:0000235") == "macrophage"
    assert current_id("CL:0000003") == "CL:0000000"
    assert current_id("CL:9999999") is None


def test_coarse_terms_are_ancestors():
    assert all(is_a(fine, coarse) and fine != coarse for fine, coarse in PANEL_TERMS.items())


def test_errors_name_the_replacement():
    with pytest.raises(InputError, match="replaced by CL:0000000"):
        name_of("CL:0000003")
