"""The lineage of a cell type, from its ancestors in the Cell Ontology: immune, epithelial, stromal and so on."""

from functools import cache
from typing import Final, Literal, get_args

from spatialcore.annotation.ontology.hierarchy import current_id, hierarchy
from spatialcore.annotation.ontology.relations import ancestors

Lineage = Literal[
    "immune", "endothelial", "epithelial", "stromal", "neural", "pigment", "germ", "malignant", "stem", "other"
]
LINEAGES: Final[tuple[Lineage, ...]] = get_args(Lineage)
# The first row with an ancestor of the term counts. A leptomeningeal fibroblast is of neural origin, an adventitial
# cell is an endothelial cell in the Cell Ontology; many basal, serous and trophoblast cells are no epithelial cells
# there.
ROWS: Final[tuple[tuple[Lineage, str], ...]] = (
    ("immune", "hematopoietic cell"),
    ("stromal", "mural cell; fibroblast; adventitial cell; odontoblast; interstitial cell of Cajal"),
    ("endothelial", "endothelial cell"),
    ("epithelial", "epithelial cell; ciliated cell; epithelial fate stem cell; hair follicle cell"),
    ("epithelial", "keratin accumulating cell; seromucus secreting cell; granulosa cell; papillary tips cell"),
    (
        "epithelial",
        "trophoblast cell; hepatoblast; hepatic oval stem cell; surface ectodermal cell; sebaceous gland cell",
    ),
    ("epithelial", "kidney tubule cell; kidney collecting duct cell; salivary gland cell; gut absorptive cell"),
    ("pigment", "pigment cell; melanoblast"),
    ("germ", "germ line cell"),
    ("malignant", "neoplastic cell"),
    ("stromal", "connective tissue cell; muscle cell; cell of skeletal muscle; muscle precursor cell; cardiocyte"),
    ("stromal", "bone cell; interstitial cell; mesenchymal cell; mesodermal cell; notochordal cell"),
    ("neural", "neural cell; neural progenitor cell; neuroblast (sensu Vertebrata); neuroepithelial stem cell"),
    (
        "neural",
        "glioblast; glioblast (sensu Vertebrata); neural crest cell; Schwann cell precursor; retinal progenitor cell",
    ),
    ("stem", "precursor cell; embryonic cell (metazoa); transit amplifying cell"),
    ("epithelial", "endocrine cell; exocrine cell; peptide hormone secreting cell; secretory cell"),
    ("immune", "inflammatory cell; phagocyte; foam cell"),
    ("stromal", "perivascular cell"),
)


@cache
def lineage_of(term: str) -> Lineage:
    """Return the lineage of a Cell Ontology term; "other" for other terms, and for a text that is no term.

    Examples
    --------
    >>> lineage_of("CL:0000624"), lineage_of("CL:0000192"), lineage_of("CL:0000023")
    ('immune', 'stromal', 'germ')
    """
    live = current_id(term)
    if live is None:
        return "other"
    line = {live, *ancestors(live)}
    return next((lineage for lineage, tops in _tops() if line & tops), "other")


@cache
def _tops() -> tuple[tuple[Lineage, frozenset[str]], ...]:
    """Return the rows with ids."""
    return tuple((lineage, frozenset(map(term_named, names.split("; ")))) for lineage, names in ROWS)


def term_named(name: str) -> str:
    """Return the id of the term with this name, regardless of case and plural; empty without one.

    Examples
    --------
    >>> term_named("Macrophages"), term_named("cluster 7")
    ('CL:0000235', '')
    """
    plain = name.replace("_", " ").strip().casefold()
    return _ids_by_name().get(plain) or _ids_by_name().get(plain.removesuffix("s"), "")


@cache
def _ids_by_name() -> dict[str, str]:
    return {name.casefold(): term for term, name in hierarchy().names.items()}
