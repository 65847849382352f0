"""The lineage of a cell type, from its ancestors in the Cell Ontology: immune, epithelial, stromal and so on."""

from functools import cache
from typing import Final, Literal

from spatialcore.annotation.ontology.hierarchy import ancestors, current_id, hierarchy

Lineage = Literal["immune", "endothelial", "epithelial", "stromal", "neural", "other"]
# In this order: a microglial cell is neural too, a leptomeningeal fibroblast is of neural origin.
_TOP_TERMS: Final[dict[Lineage, frozenset[str]]] = {
    "immune": frozenset({"CL:0000988"}),  # hematopoietic cell
    "endothelial": frozenset({"CL:0000115"}),
    "epithelial": frozenset({"CL:0000066", "CL:0000064"}),  # epithelial cell; ciliated cell
    "stromal": frozenset({"CL:0002320", "CL:0000187", "CL:0008034"}),  # connective tissue, muscle and mural cell
    "neural": frozenset({"CL:0002319"}),
}
LINEAGES: Final[tuple[Lineage, ...]] = (*_TOP_TERMS, "other")


@cache
def lineage_of(term: str) -> Lineage:
    """Return the lineage of a Cell Ontology term; "other" for other terms, and for a text that is no term.

    Examples
    --------
    >>> lineage_of("CL:0000624"), lineage_of("CL:0000192"), lineage_of("CL:0000023")
    ('immune', 'stromal', 'other')
    """
    live = current_id(term)
    if live is None:
        return "other"
    line = {live, *ancestors(live)}
    return next((lineage for lineage, tops in _TOP_TERMS.items() if line & tops), "other")


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
