"""Labels that name no type are distinguished from others, regardless of case, spaces and punctuation."""

from pathlib import Path

import pandas as pd
import pytest

from spatialcore.annotation.references.uninformative import is_uninformative

NO_TYPE = [
    *(
        "NotAssigned",
        "unkown",  # codespell:ignore
        "Unknow",  # codespell:ignore
        "High-MT",
        "mito high",
        "Dblt 3",
        "ambig.",
        "QC_fail",
        "failed QC",
        "rejected",
    ),
    *("Unbekannt", "unbekannte Zellen", "nicht zugeordnet", "Andere", "Sonstige", "inconnu", "Autres", "non assigné"),
    *("non attribué", "indéterminé", "desconocido", "otros", "sin asignar", "sconosciuto", "altro", "non assegnato"),
    *(
        "desconhecido",
        "outro",
        "onbekend",
        "okänd",
        "未知",
        "其他",
        "双细胞",
        "その他",
        "неизвестно",
        "Другие",
        "미분류",
    ),
    "nan",
    "NaN",
    "<NA>",
    "None",
    "none",
    "NA",
    "N/A",
    "null",
    "",
    "  ",
    "-",
    "?",
    ".",
    "unknown",
    "Unknown cell",
    "Unknown_3",
    "Unassigned",
    "unassigned cells",
    "Doublets",
    "doublet_T_B",
    "T/B doublets",
    "Low Quality",
    "low_quality",
    "Low-quality cells",
    "LQ",
    "Other",
    "Others",
    "other cells",
    "OTHER",
    "Mixed",
    "mixed cells",
    "Misc.",
    "0",
    "12",
    "3.0",
    "cluster 3",
    "Cluster_12",
    "leiden_4",
    "seurat_clusters_5",
    "c12",
    "Celltype 3",
    "1_2",
    "Debris",
    "Not available",
    "not assigned",
    "To be determined",
    "Ambiguous",
    "Multiplets",
    "Dead cells",
    "empty droplets",
    "Unclassified",
    "filtered",
    "N.A.",
    "N/D",
    "Unk",
    "Unsure",
    "True",
    "#NAME?",
    "cells",
    "other/unknown",
    "Unknown/Doublet",
    "subcluster 2",
    "Low RNA",
    "Uncharacterised",
]
TYPES = [
    *(
        "T细胞",
        "Т-клетки",
        "Andere T-Zellen",
        "cellule B",
        "célula NK",
        "NKcell",
        "pDC",
        "LowQPCR neuron",
        "Cycling cells",
    ),
    "T cell",
    "CD4",
    "CD4 T",
    "B cells",
    "Mixed glia",
    "Other T cells",
    "NK",
    "T1",
    "L2/3 IT",
    "Th17",
    "AT1",
    "cDC2",
    "C1 macrophage",
    "Non-neuronal cells",
    "Cycling",
    "CL:0000236",
    "Mono/Mac",
    "unknown immune",
    "MAIT",
    "GABA1",
    "Ex1",
    "Astro",
    "PC",
    "M1",
    "Other neurons",
    "Tuft",
    "natural killer cell",
    "Basal",
    "Neuron 1",
    "T cell 3",
    "巨噬细胞",
    "K1",
    "Goblet",
    "CD16 Mono",
    "Layer 4",
    "HSC",
    "L4",
    "B",
    "T",
    "γδ T",
    "mixed-phenotype T",
]


@pytest.mark.parametrize("label", NO_TYPE)
def test_labels_that_name_no_type(label: str) -> None:
    assert is_uninformative(label)


@pytest.mark.parametrize("label", TYPES)
def test_labels_that_name_a_type(label: str) -> None:
    assert not is_uninformative(label)


def test_labels_of_types_in_published_data_are_retained(shared: Path) -> None:
    for name in ("azimuth_web", "celldex", "hlca_author", "celltypist_wiki", "asctb", "hra_azimuth"):
        labels = pd.read_csv(shared / "truth" / f"{name}.csv")["label"].astype(str)
        assert [label for label in labels if is_uninformative(label)] == []
