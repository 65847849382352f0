"""What a group of unnamed cells may be: by markers, by labels that the references lost, and where to look for it."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import numpy as np

from spatialcore.annotation.markers import load_canonical_markers
from spatialcore.annotation.ontology.hierarchy import hierarchy, is_term
from spatialcore.annotation.ontology.matcher import matcher_for
from spatialcore.annotation.ontology.relations import on_one_line
from spatialcore.core.types import Floats, Texts

MIN_MARKERS: Final = 3
MAX_MARKERS: Final = 8
MIN_AUC: Final = 0.6


def marker_lineage(genes: Sequence[str] | Texts, auc: Floats) -> tuple[str, str, float]:
    """Return name and Cell Ontology id of the type whose markers set a group apart best, and their mean AUC.

    Parameters
    ----------
    genes
        Names of the genes; the case does not matter, so that mouse symbols are matched to human markers.
    auc
        Of each gene, for the group against all other cells.

    Returns
    -------
    Empty texts and the best mean where no type has a mean of 0.6. Types are compared by the mean excess over 0.5 times
    the square root of the number of markers, up to eight: more markers are better evidence.
    """
    positions = {str(gene).upper(): position for position, gene in enumerate(genes)}
    best, best_score, best_auc = "", -np.inf, np.nan
    for name, markers in load_canonical_markers().items():
        marker_positions = [positions[gene] for gene in markers if gene in positions][:MAX_MARKERS]
        if len(marker_positions) < MIN_MARKERS:
            continue
        mean = float(auc[marker_positions].mean())
        score = (mean - 0.5) * np.sqrt(len(marker_positions))
        if score > best_score:
            best, best_score, best_auc = name, score, mean
    if not best or best_auc < MIN_AUC:
        return "", "", best_auc
    term = _terms_by_lower_name().get(best, "")
    return hierarchy().names.get(term, best), term, best_auc


def dropped_labels(manifest: Mapping[str, Any], lineage_id: str) -> list[str]:
    """Return the labels that were left out of the references and are of a lineage: its term, above it or below it.

    Parameters
    ----------
    manifest
        The run manifest, with ``references_json``.
    lineage_id
        Cell Ontology id; for empty text no label is returned.
    """
    if not is_term(lineage_id):
        return []
    references = json.loads(manifest.get("references_json", "[]"))
    labels = [str(part.get("label", "")) for reference in references for part in reference.get("dropped", [])]
    terms = {label: matcher_for().match(label).id for label in dict.fromkeys(labels) if label}
    return [label for label, term in terms.items() if term and is_term(term) and on_one_line(term, lineage_id)]


def reference_query(lineage: str, tissue: str) -> str:
    """Return the URI of Census cells of a lineage in a tissue; empty text if both are unknown."""
    from spatialcore.sources.census_query import CensusQuery

    filters = {"tissue": "" if tissue == "unknown" else tissue, "cell_type": lineage}
    query = {name: value for name, value in filters.items() if value}
    return f"cellxgene://?{CensusQuery.of(query).text()}" if query else ""


@cache
def _terms_by_lower_name() -> dict[str, str]:
    return {name.lower(): term for term, name in hierarchy().names.items()}
