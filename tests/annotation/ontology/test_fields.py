"""Labels of many fields of biology, and their terms."""

import pytest

from spatialcore.annotation.ontology import name_of
from spatialcore.annotation.ontology.matcher import matcher_for

FIELDS = {
    "immune": [
        ("infDC", "dendritic cell"),
        ("Pro-neutrophils", "neutrophil progenitor cell"),
        ("eTreg", "regulatory T cell"),
        ("CD8-GZMK", "granzyme K-associated CD8 T cell"),
        ("CD4+ Activated Fos-hi", "CD4-positive, alpha-beta T cell"),
        ("CD8+ NKT-like cells", "mature NK T cell"),
        ("Vδ1", "gamma-delta T cell"),
        ("BaEoMa", "basophil mast progenitor cell"),
        ("MK/E progenitors", "megakaryocyte-erythroid progenitor cell"),
        ("CD8SP", "CD8-positive, alpha-beta thymocyte"),
        ("Anti-inflammatory macrophage", "M2 macrophage"),
        ("Light zone GC B", "centrocyte"),
        ("CAR T cells", "T cell"),
        ("proB.FrBC", "fraction B/C precursor B cell"),
        ("TR-AM", "alveolar macrophage"),
        ("CD14++CD16-", "CD14-positive, CD16-negative classical monocyte"),
        ("CD4 Tconv", "CD4-positive, alpha-beta T cell"),
        ("MC", ""),
    ],
    "lung and gut": [
        ("OSN", "olfactory receptor cell"),
        ("Krt8 ADI", "pulmonary alveolar epithelial cell"),
        ("Pit cells", "foveolar cell of stomach"),
        ("Crypt base columnar", "intestinal crypt stem cell"),
        ("Circular muscle", "smooth muscle cell"),
        ("Villus tip", "enterocyte of epithelium of intestinal villus"),
        ("Mucin-producing", "mucus secreting cell"),
        ("BEST4 colonocyte", "BEST4+ colonocyte"),
        ("Stalk", ""),
        ("Distal airway", ""),  # not a cell of the kidney's distal tubule
        ("lung bud", ""),  # not a cell of a taste bud
    ],
    "liver": [
        ("Zone 1 hepatocyte", "periportal region hepatocyte"),
        ("Hepatocyte_CV", "centrilobular region hepatocyte"),
        ("Mono-derived KC", "monocyte-derived Kupffer cell"),
        ("Central hepatocyte", "centrilobular region hepatocyte"),
    ],
    "kidney": [
        ("NKC/T", "lymphocyte"),
        ("A-IC", "renal alpha-intercalated cell"),
        ("EC_glom", "glomerular endothelial cell"),
        ("LOH (AL)", "kidney loop of Henle ascending limb epithelial cell"),
        ("CD PC", "kidney collecting duct principal cell"),
        ("S1 proximal tubule", "epithelial cell of proximal tubule segment 1"),
        ("Cap mesenchyme", "nephrogenic mesenchyme stem cell"),
    ],
    "heart and vessels": [
        ("LV cardiomyocyte", "ventricular cardiac muscle cell"),
        ("SMC/Pericyte", "mural cell"),
        ("EC5_art", "endothelial cell of artery"),
        ("mv Endothelial cells", "microvascular endothelial cell"),
        ("lymph EC", "endothelial cell of lymphatic vessel"),
        ("Contractile SMC", "smooth muscle cell"),
        ("Epicardial", "mesothelial cell of epicardium"),
        ("Smooth muscle cell_arterial", "blood vessel smooth muscle cell"),
        ("PCV EC", "endothelial cell of venule"),
        ("Aorta SMC", "aortic smooth muscle cell"),
    ],
    "brain and eye": [
        ("L5 PT", "L5 extratelencephalic projecting glutamatergic cortical neuron"),
        ("DG GC", "dentate gyrus granule cell"),
        ("somatostatin neurons", "sst GABAergic interneuron"),
        ("Polydendrocytes", "oligodendrocyte precursor cell"),
        ("Neu_Ex", "glutamatergic neuron"),
        ("RGC", "retinal ganglion cell"),
        ("L/M cone", "L cone cell"),
        ("Midget RGC", "midget ganglion cell of retina"),
        ("DB4a", "diffuse bipolar 4a cell"),
        ("Spiny stellate", "stellate neuron"),
        ("L2/3 excitatory", "glutamatergic neuron"),
    ],
    "skin, muscle, fat, joint": [
        ("Reticular fibroblasts", "fibroblast of the reticular layer of dermis"),
        ("IFE basal", "basal cell of epidermis"),
        ("IFE B", "basal cell of epidermis"),
        ("IFE SB", "suprabasal keratinocyte"),
        ("Keratinocyte (Basal)", "basal cell of epidermis"),
        ("Bulge stem cell", "keratinocyte stem cell"),
        ("Myofibers", "skeletal muscle fiber"),
        ("ASPC", "mesenchymal stem cell of adipose tissue"),
        ("Adipo-CAR", "reticular cell"),
        ("Osteogenic progenitor cell", "preosteoblast"),
    ],
    "breast, womb, gonads": [
        ("Luminal HR+", "luminal hormone-sensing cell of mammary gland"),
        ("iEVT", "interstitial extravillous trophoblast cell"),
        ("Undifferentiated spermatogonia", "spermatogonium"),
        ("Pachytene", "primary spermatocyte"),
        ("LP", ""),
    ],
    "tumours": [
        ("Tumor hepatocytes", "malignant cell"),
        ("Cancer stem cell", "malignant cell"),
        ("AML blasts", "malignant cell"),
        ("Neuroblastoma", "malignant cell"),
        ("LUAD", "malignant cell"),
        ("Lymphoma B", "malignant cell"),
        ("Melanoma T cells", "T cell"),
        ("glioma macrophages", "macrophage"),
        ("melanoma CD8", "CD8-positive, alpha-beta T cell"),
        ("Non-malignant", ""),
        ("Stromal & T Cell Hybrid", ""),
        ("Interferon response", ""),
        ("Pt2_Fibro", "fibroblast"),
        ("CAFs MSC iCAF-like", "fibroblast"),
    ],
}


@pytest.mark.parametrize(("label", "name"), [pair for pairs in FIELDS.values() for pair in pairs])
def test_a_label_of_a_field(label, name):
    result = matcher_for().match(label).id
    assert (name_of(result) if result else "") == name
