"""Spellings of the same label: dashes, quotes, accents, signs, camel case, clusters, samples, species."""

import pytest

from spatialcore.annotation.ontology import name_of
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.normalize import normalize_label, words_of


def answer(label: str) -> str:
    result = matcher_for().match(label).id
    return name_of(result) if result else ""


CD56_BRIGHT = "CD16-negative, CD56-bright natural killer cell, human"
SAME = {
    "T cell": [
        *(
            "T\u2011cell",
            "T\u2013cell",
            "T \u2014 cell",
            "T\u2212cell",
            "t.cells",
            "TCELLS",
            "T_Cells",
            "Tcell1",
            "T cells;",
        ),
        *(
            '"T cells"',
            "\u201cT cells\u201d",
            "\u00abT cells\u00bb",
            "'T cells'",
            "T cell (12)",
            "T cell #2",
            "T cell_12",
            "T cell cluster 3",
            "(12) T cell",
        ),
        *("[3] T cell", "#3 T cell", "cluster_3_T cell", "Patient 3 T cell", "Pt2_T cells", "Donor1_T cell", "hT cell"),
    ],
    "naive thymus-derived CD4-positive, alpha-beta T cell": [
        *(
            "CD4+ na\u00efve T",
            "Na\u00efveCD4",
            "NaiveCD4T",
            "CD4NaiveT",
            "T cell CD4 nai\u0308ve",
            "T cells, CD4, naive",
        ),
    ],
    "CD4-positive, alpha-beta T cell": [
        "CD4\u207a T",
        "CD4(+) T cell",
        "CD4 (+) T",
        "CD4+ve T",
        "CD4pos T",
        "CD4-positive",
    ],
    "CD14-positive, CD16-negative classical monocyte": [
        "CD16(-) monocytes",
        "CD16neg monocytes",
        "CD16\u2212 Monocytes",
    ],
    "CD16-negative, CD56-bright natural killer cell, human": ["CD56++ NK", "NK CD56br", "CD56bright NK", "NK_CD56hi"],
    "fibroblast": ["Fibroblast1", "Fibroblast-b", "Fibroblast A", "FibroblastA", "Fibroblast II", "GSM123_Fibroblast"],
    "macrophage": ["M\u03c6", "DOCK4+M\u00d81", "MoM\u00d8", "M\u03a6", "mMacrophage", "hMac2"],
    "endothelial cell": ["hEndoS1", "hEndoV", "Endo", "Endothelial cells"],
    "Mueller cell": ["M\u00fcller", "Mu\u0308ller glia", "Muller glia", "Mueller"],
    "cycling T cell": ["cyclingT", "cycT", "Prolif. T", "T_prolif", "dividing T cells", "MKI67+ T"],
    "lymphocyte": ["T/NK", "T & NK", "T_NK", "TNK", "NK/T", "Cycling T/NK", "T/NK/ILC"],
    "immature B cell": ["ImmatureB", "Immature B", "immature_B_cells", "B cell, immature"],
}


@pytest.mark.parametrize(("name", "label"), [(name, label) for name, labels in SAME.items() for label in labels])
def test_every_spelling_has_the_same_term(name, label):
    assert answer(label) == name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("AXL+ DC", "Axl+ dendritic cell, human"), ("HSC/MPP", "hematopoietic multipotent progenitor cell"),
        ("Activated B", "B cell"), ("CD11b+ DC", "CD11b-positive dendritic cell"), ("CD16- NK", CD56_BRIGHT),
        ("Arterial", "endothelial cell of artery"), ("Ductal cells", "duct epithelial cell"),
        ("Cone bipolar", "cone retinal bipolar cell"), ("iTreg", "induced T-regulatory cell"),
        ("Tumor epithelial", "malignant cell"), ("IPC", "neural progenitor cell"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{}_2", "{} 3", "{} (4)", "7_{}", "Cluster 12: {}", "Donor3_{}", '"{}"', "{} cells"])
def test_numbers_of_clusters_and_samples_do_not_matter(label, name, form):
    assert answer(form.format(label).replace("cells cells", "cells")) == name


def test_numbers_that_are_part_of_a_type_matter():
    for label, name in [
        ("DC 2", "CD1c-positive myeloid dendritic cell"), ("ILC 3", "group 3 innate lymphoid cell"),
        ("T helper 17", "T-helper 17 cell"), ("Alveolar type 2", "pulmonary alveolar type 2 cell"),
    ]:  # fmt: skip
        assert answer(label) == name, label


def test_letters_that_are_part_of_a_type_matter():
    for label, name in [
        ("tNK cells", "natural killer cell"), ("uNK", "natural killer cell"), ("hESC", "embryonic stem cell"),
        ("mDC", "myeloid dendritic cell"), ("B lymphocyte", "B cell"), ("lymphocyte B", "B cell"),
        ("mregDC", "dendritic cell"), ("PT1", "epithelial cell of proximal tubule"), ("Unk", ""),
    ]:  # fmt: skip
        assert answer(label) == name, label


def test_unusual_labels():
    for label in [
        "",
        " ",
        "\n",
        "\u200b",
        "+",
        "---",
        "()",
        "'",
        '""',
        "\U0001f600",
        "\u6587",
        "a" * 5000,
        "T cell " * 500,
    ]:
        assert isinstance(answer(label), str)


def test_normalization_is_idempotent():
    for labels in SAME.values():
        for label in labels:
            assert normalize_label(normalize_label(label)) == normalize_label(label)


@pytest.mark.parametrize(
    ("label", "plain"),
    [
        ("<b>Mast cells</b>", "Mast cells"),
        ("CD4<sup>+</sup> T cells", "CD4+ T cells"),
        ("NK&nbsp;cells<br/>", "NK cells"),
        ('<span class="x">B cell</span>', "B cell"),
    ],
)
def test_html_in_labels_is_ignored(label: str, plain: str) -> None:
    assert words_of(label) == words_of(plain)
