"""Labels of published atlases, and their terms."""

import pytest

from spatialcore.annotation.ontology import name_of
from spatialcore.annotation.ontology.matcher import matcher_for


def answer(label: str, tissue: str = "") -> str:
    result = matcher_for().match(label, tissue).id
    return name_of(result) if result else ""


TERMS = {
    # a first letter for species, state or tissue (blood, tumour)
    "tT cells": "T cell",
    "bNK cells": "natural killer cell",
    "tMast cells": "mast cell",
    "bCD8T1": "CD8-positive, alpha-beta T cell",
    "tpDC": "plasmacytoid dendritic cell",
    "tB": "B cell",
    "bN1": "",
    # several abbreviations in one word, a hyphen in an abbreviation
    "cycPT": "epithelial cell of proximal tubule",
    "tMacCycl": "cycling macrophage",
    "C-TAL": "kidney loop of Henle cortical thick ascending limb epithelial cell",
    "gd-T": "gamma-delta T cell",
    # the other words of the label decide the meaning of an abbreviation
    "CNT-PC": "kidney connecting tubule principal cell",
    "PC1_vent": "pericyte",
    "PC2_atria": "pericyte",
    "Rod BC": "rod bipolar cell",
    "CM PreTfh": "central memory CD4-positive, alpha-beta T cell",
    "EC cells (NPW+)": "type EC enteroendocrine cell",
    "Exc L2 LAMP5 KCNG3": "glutamatergic neuron",
    # markers
    "CD8+/CD45RA+ Naive Cytotoxic": "naive thymus-derived CD8-positive, alpha-beta T cell",
    "CD4+/CD45RA+/CD25- Naive T": "naive thymus-derived CD4-positive, alpha-beta T cell",
    "CD4+/CD25 T Reg": "regulatory T cell",
    "CD8 T cell effector memory CD45RA": "effector memory CD8-positive, alpha-beta T cell, terminally differentiated",
    "NK-0: CD56dim": "CD16-positive, CD56-dim natural killer cell, human",
    "Mature IgG+ PC": "IgG plasma cell",
    "TEM": "memory T cell",
    "CD4 Non-TFH": "CD4-positive, alpha-beta T cell",
    # codes of the Immunological Genome Project
    "T cells (T.8NVE.OT1)": "naive thymus-derived CD8-positive, alpha-beta T cell",
    "B cells (B.FrF)": "fraction F mature B cell",
    "Stem cells (SC.CMP.DR)": "common myeloid progenitor",
    # numbers that distinguish types, and numbers that do not
    "Innate lymphoid cell 2": "group 2 innate lymphoid cell",
    "dendritic.cell.type.1": "CD141-positive myeloid dendritic cell",
    "Type A intercalated": "renal alpha-intercalated cell",
    "Mac1a": "macrophage",
    "B cell_2": "B cell",
    "ABCA1+ pancreatic A cell": "pancreatic A cell",
    "CLDN10+ cells": "",
    # several types at once
    "NK/T lymphocyte": "lymphocyte",
    "Basophil/Mast 1": "myeloid leukocyte",
    "Megakaryocyte/erythroid progenitors": "megakaryocyte-erythroid progenitor cell",
    # words of several lineages and unstated organs are not used
    "alpha_MHC II": "pancreatic A cell",
    "columnar": "columnar/cuboidal epithelial cell",
    "Crypt": "epithelial cell",
    "Matrix cell": "hair germinal matrix cell",
    "Granular": "",
    "MZ B": "mature B cell",
    "iliac_MSC": "mesenchymal stem cell",
    "CD8αα": "",
    # single letters
    "S": "",
    "N": "",
    # tumours
    "Breast cancer": "malignant cell",
    "Invasive_Tumor": "malignant cell",
    "Cancer Epithelial": "malignant cell",
    "non-tumor T cells": "T cell",
    # misspellings, and a word that is similar to another one
    "Qiescent stellate": "hepatic stellate cell",
    "Hematopoetic Stem Cell": "hematopoietic stem cell",
    "Thyrocyte": "thyroid follicular cell",
}


@pytest.mark.parametrize("label", TERMS)
def test_a_label_without_its_tissue(label):
    assert answer(label) == TERMS[label]


@pytest.mark.parametrize(
    ("label", "tissue", "name"),
    [
        *((label, "pancreas", name) for label, name in [
            ("alpha", "pancreatic A cell"), ("beta", "type B pancreatic cell"), ("delta", "pancreatic D cell"),
            ("gamma", "pancreatic PP cell"), ("epsilon", "pancreatic epsilon cell"),
            ("acinar", "pancreatic acinar cell"), ("ductal", "pancreatic ductal cell"),
            ("activated_stellate", "pancreatic stellate cell"), ("stellate", "pancreatic stellate cell"),
        ]),
        ("stellate", "liver", "hepatic stellate cell"),
        ("PC", "kidney", "renal principal cell"),
        ("MD", "kidney", "macula densa epithelial cell"),
        ("EC cells", "colon", "type EC enteroendocrine cell"),
        ("EC cells", "lung", "endothelial cell"),
        ("AC", "retina", "amacrine cell"),
        ("RBC", "retina", "rod bipolar cell"),
        ("RGC", "brain", "radial glial cell"),
        ("BEC", "liver", "cholangiocyte"),
        ("DP", "skin", "hair follicle dermal papilla cell"),
        ("DP", "thymus", "double-positive, alpha-beta thymocyte"),
        ("GC", "ovary", "granulosa cell"),
        ("MC", "blood", "mast cell"),
        ("AV", "breast", "luminal adaptive secretory precursor cell of mammary gland"),
        ("Basal", "breast", "basal-myoepithelial cell of mammary gland"),
        ("Stem", "colon", "intestinal crypt stem cell"),
        ("Glia", "ileum", "enteroglial cell"),
        ("ASC", "adipose tissue", "mesenchymal stem cell of adipose tissue"),
        ("ASC", "blood", "plasma cell"),
        ("Granular", "skin", "granular cell of epidermis"),
        ("Endothelial", "lung", "endothelial cell"),
        ("Smooth muscle", "lung", "smooth muscle cell"),
    ],
)  # fmt: skip
def test_a_label_in_its_tissue(label, tissue, name):
    assert answer(label, tissue) == name


def test_spellings_of_markers():
    for labels in [("CD14 Mono", "CD14+ Monocytes", "Mono_CD14", "Monocytes, CD14+"),
                   ("CD16 Mono", "CD16+ Monocytes", "Mono_CD16", "FCGR3A+ Mono"),
                   ("CD4 naive", "Naive CD4+ T", "T cells CD4 naive", "CD4+T_naive", "T_CD4+_naive")]:  # fmt: skip
        assert len({answer(label) for label in labels}) == 1
