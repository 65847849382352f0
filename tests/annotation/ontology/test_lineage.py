"""Lineages of terms with one lineage, of borderline terms, and of texts that are not terms."""

import pytest

from spatialcore.annotation.ontology.hierarchy import hierarchy
from spatialcore.annotation.ontology.lineage import LINEAGES, ROWS, lineage_of, term_named


@pytest.mark.parametrize(
    ("name", "lineage"),
    [
        ("CD4-positive, alpha-beta T cell", "immune"),
        ("erythrocyte", "immune"),
        ("microglial cell", "immune"),
        ("endothelial cell of lymphatic vessel", "endothelial"),
        ("type B pancreatic cell", "epithelial"),
        ("pancreatic D cell", "epithelial"),
        ("ciliated cell", "epithelial"),
        ("hepatic stellate cell", "stromal"),
        ("pericyte", "stromal"),
        ("cardiac muscle cell", "stromal"),
        ("vascular leptomeningeal cell", "stromal"),
        ("Schwann cell", "neural"),
        ("pvalb GABAergic interneuron", "neural"),
        ("basal cell", "epithelial"),
        ("serous secreting cell", "epithelial"),
        ("extravillous trophoblast", "epithelial"),
        ("endocrine cell", "epithelial"),
        ("granulosa cell", "epithelial"),
        ("cell of skeletal muscle", "stromal"),
        ("mesangial cell", "stromal"),
        ("Leydig cell", "stromal"),
        ("neural progenitor cell", "neural"),
        ("migratory neural crest cell", "neural"),
        ("melanocyte", "pigment"),
        ("retinal pigment epithelial cell", "epithelial"),
        ("oocyte", "germ"),
        ("malignant cell", "malignant"),
        ("transit amplifying cell", "stem"),
        ("hematopoietic stem cell", "immune"),
        ("motile cell", "other"),
    ],
)
def test_lineage_of_a_term(name, lineage):
    assert lineage_of(term_named(name)) == lineage


def test_every_term_has_a_lineage():
    assert {lineage_of(term) for term in hierarchy().names} == set(LINEAGES)


def test_every_name_of_a_row_is_a_term():
    assert [name for _, names in ROWS for name in names.split("; ") if not term_named(name)] == []


def test_obsolete_ids_and_other_texts():
    replaced = next(iter(hierarchy().replaced_by))
    assert lineage_of(replaced) == lineage_of(hierarchy().replaced_by[replaced])
    assert lineage_of("cluster 7") == lineage_of("") == "other"


def test_names_regardless_of_case_and_plural():
    assert term_named("T cells") == term_named("t_cell") == "CL:0000084"
    assert term_named("mystery") == ""
