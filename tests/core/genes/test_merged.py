"""Probes that measure several genes of a family."""

import pytest

from spatialcore.core.genes.merged import merged_genes
from spatialcore.core.genes.symbols import shared_positions

PROBES = {
    "FCGR3A/B": "FCGR3A FCGR3B",
    "TPSAB1/B2": "TPSAB1 TPSB2",
    "XCL1/2": "XCL1 XCL2",
    "HSPA1A/B": "HSPA1A HSPA1B",
    "KRT6A/B/C": "KRT6A KRT6B KRT6C",
    "CCL4/L1/L2": "CCL4 CCL4L1 CCL4L2",
    "CCL3/L1/L3": "CCL3 CCL3L1 CCL3L3",
    "PF4/V1": "PF4 PF4V1",
    "CXCL1/2/3": "CXCL1 CXCL2 CXCL3",
    "EIF5A/L1": "EIF5A EIF5AL1",
    "LGALS9/B": "LGALS9 LGALS9B",
    "IFNA1/13": "IFNA1 IFNA13",
    "HLA-DQB1/2": "HLA-DQB1 HLA-DQB2",
    "CD8A/CD8B": "CD8A CD8B",
    "Ccl21a/b": "Ccl21a Ccl21b",
    "FCGR3A.B": "FCGR3A FCGR3B",
    "TPSAB1.B2": "TPSAB1 TPSB2",
    "CCL4.L1.L2": "CCL4 CCL4L1 CCL4L2",
    "XCL1-2": "XCL1 XCL2",
    "PF4.V1": "PF4 PF4V1",
    "FCGR3A|FCGR3B": "FCGR3A FCGR3B",
    "FCGR3A;FCGR3B": "FCGR3A FCGR3B",
    "FCGR3A & FCGR3B": "FCGR3A FCGR3B",
    "XCL1//XCL2": "XCL1 XCL2",
    "TPSAB1_B2": "TPSAB1 TPSB2",
}


@pytest.mark.parametrize(("name", "genes"), PROBES.items())
def test_the_genes_of_a_probe(name: str, genes: str) -> None:
    assert list(merged_genes(name)) == genes.split()


def test_a_family_of_hla_genes() -> None:
    assert {"HLA-DRB1", "HLA-DRB5"} <= set(merged_genes("HLA-DRB"))


@pytest.mark.parametrize(
    "name", ["CD3E", "HLA-A", "NKX2-1", "CD3E.1", "CD3E-1", "AC011043.1", "RP11-1", "IL2-1", "a/b"]
)
def test_names_that_do_not_stand_for_several_genes(name: str) -> None:
    assert merged_genes(name) == ()


def test_a_probe_is_matched_to_the_sum_of_its_genes() -> None:
    result = shared_positions(["FCGR3A/B", "CD4"], ["FCGR3B", "CD4", "FCGR3A"], [""] * 3)
    assert [positions.tolist() for positions in result] == [[0, 2], [1]]


def test_a_probe_excludes_genes_of_other_probes() -> None:
    result = shared_positions(["XCL1-2", "XCL1"], ["XCL1", "XCL2"], [""] * 2)
    assert [positions.tolist() for positions in result] == [[], [0]]
