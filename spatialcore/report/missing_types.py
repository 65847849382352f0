"""The warning that cells without a class express the markers of types that the references lack."""

from typing import Final

from anndata import AnnData

from spatialcore.annotation.ontology.hierarchy import is_term
from spatialcore.annotation.ontology.relations import is_a
from spatialcore.annotation.unknown.groups import unknown_groups
from spatialcore.core.text.wording import list_names
from spatialcore.plotting.manifest import model_card, records

CLEAR_AUC: Final = 0.75  # of the markers of a type, a group against all other cells


def missing_types_warning(adata: AnnData) -> str:
    """Return a sentence on groups of cells without a class whose markers are of a type that no class covers.

    Parameters
    ----------
    adata
        Annotated data with their run manifest.

    Returns
    -------
    str
        Empty if the classes have no Cell Ontology ids, or if no group clearly expresses the markers of another type.
    """
    class_ids = [term for term in (model_card(adata).get("ontology_ids") or {}).values() if term and is_term(term)]
    cells: dict[str, int] = {}
    for group in records(unknown_groups(adata)):
        term = str(group["lineage_id"])
        is_clear = class_ids and is_term(term) and float(group["lineage_auc"]) >= CLEAR_AUC
        if is_clear and not any(is_a(term, other) or is_a(other, term) for other in class_ids):
            cells[str(group["lineage"])] = cells.get(str(group["lineage"]), 0) + int(group["n_cells"])
    if not cells:
        return ""
    listed = list_names(f"{name} ({n:,} cells)" for name, n in sorted(cells.items(), key=lambda item: -item[1]))
    return (
        f"Groups of cells without a call express the markers of types that the references lack: {listed}. Add a "
        "reference with these types."
    )
