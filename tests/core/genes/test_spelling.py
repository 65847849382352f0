"""Names changed by spreadsheets, R and other programs."""

import pytest

from spatialcore.core.genes.spelling import is_mouse, mend, name_findings, plain_name
from spatialcore.core.genes.tables import known_names


def test_dates_of_mouse_genes() -> None:
    names = ["Cd3e", "Cd4", "Ms4a1", "6-Sep"]
    assert is_mouse(names)
    assert mend(names)[-1] == "Septin6"


@pytest.mark.parametrize(
    "name",
    [
        *("gene-TP53", "gene:TP53", "Gene:TP53", "human_TP53", "TP53_HUMAN", "homo_sapiens:TP53"),
        *("TP53|7157", "7157|TP53", "TP53|protein_coding", "`TP53`", "TP53\u00a0", "TP\u200b53", "ＴＰ５３"),
        *("hg38____TP53", "GRCh38.TP53", "GRCh38:TP53", "TP53_hg38", "TP53-GRCh38"),
    ],
)
def test_additions_to_a_symbol(name: str) -> None:
    assert plain_name(name) == "TP53"


@pytest.mark.parametrize("name", ["ENSG00000141510.18", "TP53 (ENSG00000141510.18)", "TP53.ENSG00000141510.18"])
def test_additions_to_an_id(name: str) -> None:
    assert plain_name(name) == "ENSG00000141510.18"


@pytest.mark.parametrize(
    "name", ["CD4|CD8A", "HLA-A", "KRT6A/B", "H2-K1", "HUMAN", "gene-1", "CD3E|novel|CD3D", "NOVEL-1"]
)
def test_names_that_are_unchanged(name: str) -> None:
    assert plain_name(name) == name


@pytest.mark.parametrize(
    ("names", "corrected"),
    [
        (["CD3E", "CD3E-1"], ["CD3E", "CD3E"]),
        (["CD3E", "CD3E.1", "CD3E.2"], ["CD3E", "CD3E", "CD3E"]),
        (["CD3E-1", "CD4"], ["CD3E-1", "CD4"]),
        (["NKX2-1", "NKX2"], ["NKX2-1", "NKX2"]),
        ([" CD3E ", "CD4\t"], ["CD3E", "CD4"]),
    ],
)
def test_duplicate_names_and_spaces(names: list[str], corrected: list[str]) -> None:
    assert mend(names) == corrected


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
def test_additions_by_programs_are_removed(name: str, gene: str) -> None:
    assert mend([name]) == [gene]


def test_no_gene_symbol_is_changed() -> None:
    assert [name for name in known_names() if plain_name(name) != name] == []


def test_findings_list_unmatched_names() -> None:
    findings = " ".join(name_findings(["6-Sep", "CD16", "", "nan", "CD3E", "44257"]))
    assert "6-Sep is SEPTIN6" in findings
    assert "CD16 (FCGR3A or FCGR3B)" in findings
    assert "without a name, left out: 2" in findings
    assert "named by a number, left out: 44257" in findings
    assert name_findings(["CD3E"]) == []
