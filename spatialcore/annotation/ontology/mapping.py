"""Map the labels of cells to Cell Ontology terms."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.choices import GRANULARITIES, Granularity
from spatialcore.annotation.ontology.hierarchy import coarsen, current_id, is_term
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.matcher import Matcher, matcher_for
from spatialcore.annotation.ontology.normalize import standard_spelling
from spatialcore.annotation.ontology.relations import ancestors, without_species
from spatialcore.annotation.ontology.result import (
    Candidate,
    MappingResult,
    candidates,
    mapping_metadata,
    mapping_table,
)
from spatialcore.columns import CELL_TYPE, ONTOLOGY_ID, ONTOLOGY_LABEL, REFERENCE_SOURCE
from spatialcore.core.logging import get_logger
from spatialcore.core.text.wording import list_names
from spatialcore.core.validation import require_column, require_one_of, takes_adata, to_change
from spatialcore.errors import InputError

logger = get_logger(__name__)

Mappings = dict[str, list[Candidate]]


class OntologyCoverage(TypedDict):
    """How many cells have a live Cell Ontology id."""

    has_column: bool
    coverage: float
    n_with_ids: int
    n_without_ids: int
    unique_ids: list[str]
    by_source: dict[str, float]


@takes_adata
def add_ontology_ids(
    adata: AnnData,
    source_col: str = CELL_TYPE,
    target_col: str = ONTOLOGY_ID,
    name_col: str | None = ONTOLOGY_LABEL,
    min_score: float = 0.5,
    index_path: str | Path | None = None,
    save_mapping: str | Path | None = None,
    dataset_name: str | None = None,
    skip_labels: set[str] | None = None,
    skip_if_exists: bool = True,
    copy: bool = False,
    *,
    tissue: str | None = None,
    granularity: Granularity = "panel",
    overrides: Mapping[str, str] | None = None,
) -> tuple[AnnData, Mappings, MappingResult]:
    """Map the labels in ``obs[source_col]`` to Cell Ontology ids; each distinct label is mapped once.

    Parameters
    ----------
    adata
        Cells by genes; only ``obs`` is read and written.
    source_col
        Column of labels. A label that is itself a CL id maps to that id.
    target_col
        Column to write the ids to; an empty string if a label is unmapped.
    name_col
        Column to write the names of the terms to; an empty string if a label is unmapped. None: not written.
    min_score
        Minimum score of a match, 0 to 1; labels with a lower score are unmapped.
    index_path
        A custom ontology index (see `load_ontology_index`), read on every call. Default: the shipped index.
    save_mapping
        Folder to write the table (CSV), its metadata (JSON) and the unmapped labels (``*_missed.json``) to.
    dataset_name
        First part of the names of these files. Default: ``source_col``.
    skip_labels
        Labels to leave unmapped, in addition to labels that name no type (unknown, doublet, ...).
    skip_if_exists
        Do not change ids in ``target_col`` that are live CL terms. Obsolete ids are replaced by
        their replacement; cells with other ids are mapped by their label.
    copy
        Return a modified copy; by default ``adata`` is modified in place.
    tissue
        Tissue of the cells, e.g. ``"kidney"``; it decides between the meanings of an abbreviation.
    granularity
        ``"panel"`` merges subtypes that panels cannot resolve (see `coarsen`), and takes the general term where a
        synonym leads to a term of one species (see `without_species`); ``"full"`` does not.
    overrides
        CL ids by label. They have priority over all other matches and are never coarsened.

    Returns
    -------
    adata
        The data with the two columns in ``obs``.
    mappings
        Candidate terms by label, best first: dicts with ``id``, ``name``, ``score`` (0 to 1) and ``match_tier``.
    result
        The `MappingResult`: a table with one row per distinct label, and metadata.

    Raises
    ------
    LabelColumnError
        ``source_col`` is not a column of ``obs``.
    InputError
        ``min_score`` or ``granularity`` is invalid, or an override is not a live CL id.

    Examples
    --------
    >>> import anndata, numpy, pandas
    >>> obs = pandas.DataFrame({"label": ["CD4+ T cells", "Mph"]}, index=["a", "b"])
    >>> adata = anndata.AnnData(numpy.zeros((2, 1)), obs=obs)
    >>> adata, mappings, result = add_ontology_ids(adata, "label")
    >>> result.table["id"].tolist()
    ['CL:0000624', 'CL:0000235']
    """
    _check(adata, source_col, min_score, granularity)
    adata = to_change(adata, copy=copy)
    matcher = matcher_for(index_path)
    override_matches = _override_matches(overrides or {}, matcher)
    labels = adata.obs[source_col].astype(object).where(adata.obs[source_col].notna(), "").astype(str)
    curated_ids = live_ids(adata.obs, target_col) if skip_if_exists else pd.Series("", index=adata.obs.index)
    skipped = skip_labels or set()
    matches = {
        label: override_matches.get(label)
        or _match_label(matcher, label, tissue or "", skipped, min_score, granularity)
        for label in sorted(set(labels[curated_ids == ""]) - {""})
    }
    if tissue:
        matches = _as_curated(matches, set(curated_ids) - {""}, matcher)
    _write(adata, curated_ids, labels, matches, matcher, target_col, name_col)

    table = mapping_table(labels, curated_ids, matches, matcher)
    result = MappingResult(table, mapping_metadata(table, matcher, source_col, tissue, granularity, index_path))
    if save_mapping is not None:
        result.save(save_mapping, dataset_name or source_col)
    _log(result)
    return adata, {label: candidates(match) for label, match in matches.items()}, result


@takes_adata
def has_ontology_ids(adata: AnnData, id_col: str = ONTOLOGY_ID, label_col: str = "cell_type") -> OntologyCoverage:
    """Count the cells with a live Cell Ontology id.

    Parameters
    ----------
    adata
        Cells by genes; only ``obs`` is read.
    id_col
        Column of ids.
    label_col
        Accepted for symmetry with `add_ontology_ids`; the result does not depend on it.

    Returns
    -------
    dict
        ``has_column`` (bool), ``coverage`` (share of cells with an id, 0 to 1), ``n_with_ids``, ``n_without_ids``,
        ``unique_ids`` (sorted list) and ``by_source`` (coverage by ``reference_source``; empty if there is no such
        column).

    Examples
    --------
    >>> import anndata, numpy
    >>> has_ontology_ids(anndata.AnnData(numpy.zeros((2, 1))))["coverage"]
    0.0
    """
    has_column = id_col in adata.obs.columns
    ids = live_ids(adata.obs, id_col)
    is_live = ids != ""
    by_source: dict[str, float] = {}
    if has_column and REFERENCE_SOURCE in adata.obs.columns:
        shares = is_live.groupby(adata.obs[REFERENCE_SOURCE].astype(str)).mean()
        by_source = {str(source): float(share) for source, share in shares.items()}
    return {
        "has_column": has_column,
        "coverage": float(is_live.mean()) if adata.n_obs else 0.0,
        "n_with_ids": int(is_live.sum()),
        "n_without_ids": int((~is_live).sum()),
        "unique_ids": sorted(set(ids[is_live])),
        "by_source": by_source,
    }


def live_ids(obs: pd.DataFrame, column: str) -> pd.Series:
    """Return the live id of each cell, obsolete ids replaced; an empty string where there is no live term."""
    if column not in obs.columns:
        return pd.Series("", index=obs.index, dtype=object)
    ids = obs[column].astype(object).where(obs[column].notna(), "").astype(str).str.strip()
    current_ids = {term: current_id(term) or "" for term in ids.unique()}
    invalid = sorted(term for term, current in current_ids.items() if not current and term.startswith("CL:"))
    if invalid:
        logger.warning("%s has ids that are not in the Cell Ontology: %s", column, list_names(invalid, 5))
    return ids.map(current_ids)


def _check(adata: AnnData, source_col: str, min_score: float, granularity: str) -> None:
    require_column(adata.obs, source_col)
    if not 0 <= min_score <= 1:
        raise InputError(
            f"min_score is {min_score:g}, expected 0 to 1", hint="give a number from 0 to 1; 0.5 accepts every tier"
        )
    require_one_of("granularity", granularity, GRANULARITIES)


def _override_matches(overrides: Mapping[str, str], matcher: Matcher) -> dict[str, Match]:
    """Return the overrides as matches by label; raise if an id is not a live term."""
    matches = {}
    for label, term in overrides.items():
        live_id = current_id(term) or (term if term in matcher.names else None)
        if live_id is None:
            raise InputError(
                f"the override {label!r} -> {term!r} is not a live Cell Ontology id",
                hint="look ids up at https://www.ebi.ac.uk/ols/ontologies/cl",
            )
        matches[label] = Match(label, live_id, matcher.name_of(live_id), 1.0, "tier1_exact")
    return matches


def _match_label(
    matcher: Matcher, label: str, tissue: str, skipped: set[str], min_score: float, granularity: Granularity
) -> Match:
    if label in skipped:
        return Match(label)
    match = matcher.match(label, tissue)
    if match.id and match.score < min_score:
        return match.without_term()
    term = _panel_term(match, label) if granularity == "panel" else match.id
    return match if term == match.id else match.with_term(term, matcher.name_of(term))


def _as_curated(matches: Mapping[str, Match], curated: set[str], matcher: Matcher) -> dict[str, Match]:
    """Give a label the term that other cells have as curated id, if it is the label's own name in any tissue.

    "Goblet" in the lung is the lung's goblet cell; beside cells curated as goblet cell it is the same class.
    """
    result = dict(matches)
    for label, match in matches.items():
        if not match.id or match.id in curated:
            continue
        names = {standard_spelling(label), f"{standard_spelling(label)} cell"}
        same = [
            term
            for term in sorted(curated & set(ancestors(match.id)))
            if standard_spelling(matcher.name_of(term)) in names
        ]
        if same:
            logger.info("%r is mapped to %s, the term of the cells with a curated id", label, matcher.name_of(same[0]))
            result[label] = match.with_term(same[0], matcher.name_of(same[0]))
    return result


def _panel_term(match: Match, label: str) -> str:
    """Return the term to train on: coarse enough for panels, and of one species only where the label says so."""
    is_named = label.strip().lower() in (match.id.lower(), match.name.lower())
    return coarsen(match.id if is_named or not is_term(match.id) else without_species(match.id))


def _write(
    adata: AnnData,
    curated_ids: pd.Series,
    labels: pd.Series,
    matches: Mapping[str, Match],
    matcher: Matcher,
    target_col: str,
    name_col: str | None,
) -> None:
    """Write the id and the name of each cell; a curated id has priority over the match of the label."""
    matched_ids = labels.map({label: match.id for label, match in matches.items()}).fillna("")
    ids = curated_ids.where(curated_ids != "", matched_ids)
    adata.obs[target_col] = pd.Categorical(ids)
    if name_col is not None:
        names = ids.map({term: matcher.name_of(term) for term in set(ids) - {""}})
        adata.obs[name_col] = pd.Categorical(names.fillna(""))


def _log(result: MappingResult) -> None:
    metadata, table = result.metadata, result.table
    logger.info("mapped %d of %d labels to the Cell Ontology", metadata["n_labels_mapped"], metadata["n_labels"])
    if len(result.unmapped):
        logger.warning("No ontology match for labels: %s", list_names(result.unmapped["input_label"], 10))
    uncertain = table[table["match_tier"] == "tier3_overlap"].sort_values("n_cells", ascending=False)
    if len(uncertain):
        pairs = (f"{label} -> {name}" for label, name in uncertain[["input_label", "name"]].to_numpy())
        logger.warning("labels mapped by few shared words, please check: %s", list_names(pairs, 10))
