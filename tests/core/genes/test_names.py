"""Ensembl ids and control features by name."""

import pytest

from spatialcore.core.genes.symbols import (
    is_control,
    is_ensembl,
    strip_version,
)
from spatialcore.core.utils import load_ensembl_to_hugo_mapping
from tests.core.genes.controls import CONTROLS


@pytest.mark.parametrize(
    "name", ["ENSG00000141510", "ENSG00000141510.18", "ENSMUSG00000023274.12", "ENSDARG00000035559"]
)
def test_ids_with_and_without_version(name: str) -> None:
    assert is_ensembl(name)
    assert strip_version(name) == name.split(".")[0]


@pytest.mark.parametrize("name", ["TP53", "ENSG0001", "ENST00000269305", "HLA.A", "", "ENSG00000141510x"])
def test_names_that_are_not_gene_ids(name: str) -> None:
    assert not is_ensembl(name)
    assert strip_version(name) == name


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_of_the_platforms(name: str) -> None:
    assert is_control(name)


def test_genes_are_not_controls() -> None:
    assert [symbol for symbol in load_ensembl_to_hugo_mapping().values() if is_control(symbol)] == []
