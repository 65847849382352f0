"""What a user may ask of a mapping, checked before any label is read."""

from collections.abc import Mapping
from typing import Literal

from anndata import AnnData

from spatialcore.annotation.ontology.hierarchy import current_id
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.matcher import Matcher
from spatialcore.errors import InputError, LabelColumnError

Granularity = Literal["panel", "full"]


def check(adata: AnnData, source_col: str, min_score: float, granularity: str) -> None:
    """Raise where a column or an option cannot be used."""
    if source_col not in adata.obs.columns:
        columns = ", ".join(map(str, adata.obs.columns)) or "none"
        raise LabelColumnError(f"Label column not found: {source_col!r}", hint=f"columns of obs: {columns}")
    if not 0 <= min_score <= 1:
        raise InputError(f"min_score is {min_score}, expected 0 to 1", hint="0.5 accepts every tier")
    if granularity not in ("panel", "full"):
        raise InputError(f"granularity is {granularity!r}", hint="choose 'panel' or 'full'")


def checked_overrides(overrides: Mapping[str, str], matcher: Matcher) -> dict[str, Match]:
    """Return a user's own terms as matches by label; raise where one is no live term."""
    checked = {}
    for label, term in overrides.items():
        live = current_id(term) or (term if term in matcher.names else None)
        if live is None:
            raise InputError(
                f"the override {label!r} -> {term!r} is not a live Cell Ontology id",
                hint="look ids up at https://www.ebi.ac.uk/ols/ontologies/cl",
            )
        checked[label] = Match(label, live, matcher.name_of(live), 1.0, "tier1_exact")
    return checked
