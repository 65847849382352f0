"""Names that spreadsheets, R and writers of tables changed."""

import pytest

from spatialcore.core.genes.spelling import date_genes, is_date, is_mouse, mend, name_findings, plain_name
from spatialcore.core.genes.tables import known_names


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
    ],
)
def test_a_date_is_the_gene_it_was(name: str, gene: str) -> None:
    assert mend([name, "CD3E"]) == [gene, "CD3E"]
    assert is_date(name)


@pytest.mark.parametrize("name", ["1-Mar", "Mar-02", "1/3/2023"])
def test_a_date_that_may_be_two_genes_is_left_alone_and_told(name: str) -> None:
    assert len(date_genes(name)) == 2
    assert mend([name]) == [name]
    assert f"{name} (MARCHF" in " ".join(name_findings([name]))


def test_dates_of_mouse_genes() -> None:
    names = ["Cd3e", "Cd4", "Ms4a1", "6-Sep"]
    assert is_mouse(names)
    assert mend(names)[-1] == "Septin6"


@pytest.mark.parametrize("name", ["CD3E", "MARCHF1", "SEPTIN6", "DEC1", "Sept6"])
def test_genes_are_no_dates(name: str) -> None:
    assert not is_date(name)


@pytest.mark.parametrize(
    ("names", "mended"),
    [
        (["CD3E", "CD3E-1"], ["CD3E", "CD3E"]),
        (["CD3E", "CD3E.1", "CD3E.2"], ["CD3E", "CD3E", "CD3E"]),
        (["CD3E-1", "CD4"], ["CD3E-1", "CD4"]),
        (["NKX2-1", "NKX2"], ["NKX2-1", "NKX2"]),
        ([" CD3E ", "CD4\t"], ["CD3E", "CD4"]),
    ],
)
def test_doubled_names_and_blanks(names: list[str], mended: list[str]) -> None:
    assert mend(names) == mended


@pytest.mark.parametrize(
    ("name", "gene"),
    [
        ("GRCh38_CD3E", "CD3E"),
        ("GRCh38______CD3E", "CD3E"),
        ("mm10-Cd3e", "Cd3e"),
        ("b'CD3E'", "CD3E"),
        ('"CD3E"', "CD3E"),
        ("\ufeffCD3E", "CD3E"),
        ("CD3E\u00a0", "CD3E"),
        ("HLA\u2011A", "HLA-A"),
        ("ENSG00000198851.10|CD3E", "ENSG00000198851.10"),
        ("CD3E:ENSG00000198851", "ENSG00000198851"),
        ("ENSG00000198851_CD3E", "ENSG00000198851"),
        ("ensg00000198851", "ENSG00000198851"),
        ("ENSG00000182378_PAR_Y", "ENSG00000182378_PAR_Y"),
    ],
)
def test_what_writers_put_around_a_name_is_removed(name: str, gene: str) -> None:
    assert mend([name]) == [gene]


def test_no_gene_symbol_is_changed() -> None:
    assert [name for name in known_names() if plain_name(name) != name] == []


def test_findings_name_what_is_not_matched() -> None:
    told = " ".join(name_findings(["6-Sep", "CD16", "", "nan", "CD3E", "44257"]))
    assert "6-Sep is SEPTIN6" in told
    assert "CD16 (FCGR3A or FCGR3B)" in told
    assert "without a name, left out: 2" in told
    assert "named by a number, left out: 44257" in told
    assert name_findings(["CD3E"]) == []
