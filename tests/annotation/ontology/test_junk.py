"""Labels that name no cell type."""

import pytest

from spatialcore.annotation.ontology.hierarchy import hierarchy
from spatialcore.annotation.ontology.junk import is_junk

JUNK = [
    *("unknown", "Unassigned", "T/B doublets", "low_quality", "LowQ", "debris", "Mixed", "nan", "n/a", "", " "),
    *("cluster 7", "12", "Other", "non-neuronal", "cycling cells"),
]


@pytest.mark.parametrize("label", JUNK)
def test_junk(label):
    assert is_junk(label)


@pytest.mark.parametrize("label", ["T cell", "Non-classical monocyte", "cycling T cell", "mast", "unipolar brush cell"])
def test_types(label):
    assert not is_junk(label)


def test_names_of_the_ontology_are_not_junk():
    assert [name for name in hierarchy().names.values() if is_junk(name)] == ["cell"]
