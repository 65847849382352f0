"""Labels of brain taxonomies: layers, subclasses, and cells of cortex and hypothalamus."""

import pytest

from spatialcore.annotation.ontology import add_ontology_ids
from spatialcore.annotation.ontology.hierarchy import hierarchy
from spatialcore.annotation.ontology.relations import is_a, without_species
from tests.cells import cells_with

CORTEX = {
    "L2/3 IT": "CL:4030059",
    "007 L2/3 IT CTX Glut": "CL:4030059",
    "L4/5 IT": "CL:4030062",
    "L5 IT": "CL:4030064",
    "L5 IT Rspo1_1": "CL:4030064",
    "L5 ET": "CL:4023041",
    "L5 ET_1": "CL:4023041",
    "022 L5 ET CTX Glut": "CL:4023041",
    "L5/6 NP": "CL:4030067",
    "032 L5 NP CTX Glut": "CL:4023012",
    "L6 CT": "CL:4023042",
    "L6 CT Cpa6": "CL:4023042",
    "030 L6 CT CTX Glut": "CL:4023042",
    "L6 IT": "CL:4030065",
    "L6 IT Car3": "CL:4030068",
    "L6 Car3": "CL:4030068",
    "L6b": "CL:4023038",
    "029 L6b CTX Glut": "CL:4023038",
    "Pvalb": "CL:4023018",
    "052 Pvalb Gaba": "CL:4023018",
    "Pvalb chandelier": "CL:4023036",
    "Sst": "CL:4023017",
    "Sst Myh8_2": "CL:4023017",
    "Sst Chodl": "CL:4023121",
    "056 Sst Chodl Gaba": "CL:4023121",
    "Vip": "CL:4023016",
    "Lamp5": "CL:4023011",
    "Lamp5 Lhx6": "CL:4042013",
    "Sncg": "CL:4023015",
    "Astro": "CL:0000127",
    "Oligo": "CL:0000128",
    "OPC": "CL:0002453",
    "Micro": "CL:0000129",
    "VLMC": "CL:4023051",
    "Endo": "CL:0000115",
    "Peri": "CL:0000669",
    "SMC": "CL:0000192",
    "327 Oligo NN": "CL:0000128",
    "326 OPC NN": "CL:0002453",
    "330 VLMC NN": "CL:4023051",
    "334 Microglia NN": "CL:0000129",
    "061 STR D1 Gaba": "CL:4023026",
}
HYPOTHALAMUS = {
    "Inhibitory": "CL:0000617",
    "Excitatory": "CL:0000679",
    "OD Mature 2": "CL:0000128",
    "OD Immature 1": "CL:0002453",
    "Immature oligodendrocyte": "CL:0002453",
    "Ependymal": "CL:0000065",
    "Mural": "CL:0008034",
    "Endothelial 1": "CL:0000115",
    "Tanycyte": "CL:0002085",
}


def mapped(labels: dict[str, str], tissue: str, **options: str) -> dict[str, str]:
    adata, _, _ = add_ontology_ids(cells_with(label=list(labels)), "label", tissue=tissue, **options)
    return dict(zip(labels, adata.obs["cell_type_ontology_term_id"].astype(str), strict=True))


@pytest.mark.parametrize(("labels", "tissue"), [(CORTEX, "brain cortex"), (HYPOTHALAMUS, "hypothalamus")])
def test_labels_of_brain_taxonomies_have_their_terms(labels: dict[str, str], tissue: str) -> None:
    assert mapped(labels, tissue) == labels


def test_the_motor_cortex_has_specific_terms() -> None:
    assert mapped({"L5 IT": "CL:4023049", "L6b": "CL:4023046"}, "motor cortex") == {
        "L5 IT": "CL:4023049",
        "L6b": "CL:4023046",
    }


def test_a_term_of_one_species_needs_its_name() -> None:
    names = {"oligodendrocyte (Mmus)": "CL:4300367", "CL:4300367": "CL:4300367", "327 Oligo NN": "CL:0000128"}
    assert mapped(names, "brain") == names
    assert mapped({"327 Oligo NN": ""}, "brain", granularity="full") == {"327 Oligo NN": "CL:4300367"}


def test_without_species_gives_a_general_ancestor() -> None:
    names = hierarchy().names
    for term, name in names.items():
        general = without_species(term)
        assert (general == term) != name.endswith(("(Mmus)", "(Homo sapiens)", "(Primate)"))
        assert is_a(term, general)
