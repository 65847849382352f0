"""Dates into which spreadsheets convert gene symbols, in several languages."""

import pytest

from spatialcore.core.genes.dates import date_genes, is_date
from spatialcore.core.genes.spelling import mend, name_findings


@pytest.mark.parametrize(
    ("name", "gene"),
    [
        ("6-Sep", "SEPTIN6"),
        ("Sep-06", "SEPTIN6"),
        ("06-Sep", "SEPTIN6"),
        ("X6.Sep", "SEPTIN6"),
        ("2006-09-06", "SEPTIN6"),
        ("2024-09-07 00:00:00", "SEPTIN7"),
        ("Mar-03", "MARCHF3"),
        ("15-Sep", "SELENOF"),
        ("1-Dec", "DELEC1"),
        ("2-Sep", "SEPTIN2"),
        ("01/09/2023", "SEPTIN1"),
        ("9/1/23", "SEPTIN1"),
        ("6-sept.", "SEPTIN6"),
        ("6. September", "SEPTIN6"),
        ("06-Sep-2023", "SEPTIN6"),
        ("6-Sep-21 0:00", "SEPTIN6"),
        ("2021/9/6", "SEPTIN6"),
        ("06.09.", "SEPTIN6"),
        ("6-set", "SEPTIN6"),
        ("01. Dez", "DELEC1"),
        ("1-déc", "DELEC1"),
        ("1-dic", "DELEC1"),
        ("10-März", "MARCHF10"),
        ("10-mrt", "MARCHF10"),
    ],
)
def test_a_date_is_converted_to_its_gene(name: str, gene: str) -> None:
    assert mend([name, "CD3E"]) == [gene, "CD3E"]
    assert is_date(name)


@pytest.mark.parametrize("name", ["1-Mar", "Mar-02", "1/3/2023", "1-Mrz", "01-mars", "2023-03-01T00:00:00"])
def test_an_ambiguous_date_is_unchanged_and_reported(name: str) -> None:
    assert len(date_genes(name)) == 2
    assert mend([name]) == [name]
    assert f"{name} (MARCHF" in " ".join(name_findings([name]))


@pytest.mark.parametrize(
    "name", ["CD3E", "MARCHF1", "SEPTIN6", "DEC1", "Sept6", "SET.1", "OUT-2", "MARS.1", "DIC-1", "10-9"]
)
def test_genes_are_not_dates(name: str) -> None:
    assert not is_date(name)
