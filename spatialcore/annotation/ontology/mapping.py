"""Give the cells of a data set their Cell Ontology terms, from the labels their authors wrote."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.ontology.coarsening import coarsen
from spatialcore.annotation.ontology.hierarchy import current_id, hierarchy
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.matcher import Matcher, matcher_for
from spatialcore.annotation.ontology.result import TABLE_COLUMNS, UNMAPPED, MappingResult
from spatialcore.columns import CELL_TYPE, ONTOLOGY_ID, ONTOLOGY_LABEL, REFERENCE_SOURCE
from spatialcore.core.logging import get_logger
from spatialcore.errors import InputError, LabelColumnError

logger = get_logger(__name__)

Granularity = Literal["panel", "full"]
Mappings = dict[str, list[dict[str, Any]]]


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
    """Map the labels of ``obs[source_col]`` to Cell Ontology ids, each distinct label once.

    Parameters
    ----------
    adata
        Cells by genes; only ``obs`` is read and written.
    source_col
        Column of labels. A label that is itself a CL id maps to that id.
    target_col
        Column that receives the ids; empty text where a label has no term.
    name_col
        Column that receives the ontology's names; empty where there is no term. None: not written.
    min_score
        Matches below it are left unmapped; 0 to 1.
    index_path
        A look-up table of one's own (see `load_ontology_index`), read on every call.
    save_mapping
        Folder for the table (CSV), its metadata (JSON) and the labels that were missed (``*_missed.json``).
    dataset_name
        First part of the names of these files; ``source_col`` where it is not given.
    skip_labels
        Labels to leave unmapped besides those that mean no type (unknown, doublet, ...).
    skip_if_exists
        Keep the ids that ``target_col`` already holds, cell by cell, as far as they are live CL terms. Retired ids
        become their replacement; others are mapped from the label.
    copy
        Work on a copy.
    tissue
        Settles abbreviations that mean different cells in different organs, e.g. ``"kidney"``.
    granularity
        ``"panel"`` merges subtypes that panels cannot resolve (see `coarsen`), ``"full"`` keeps them.
    overrides
        Label -> CL id of one's own, which come before everything else and are never coarsened.

    Returns
    -------
    adata
        With the two columns written.
    mappings
        Label -> candidates, best first, as dicts with ``id``, ``name``, ``score``, ``match_tier``.
    result
        The `MappingResult`.

    Raises
    ------
    LabelColumnError
        ``source_col`` is not a column of ``obs``.
    InputError
        An override or an option has a value that cannot be used.

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
    adata = adata.copy() if copy else adata
    matcher = matcher_for(index_path)
    own = _checked_overrides(overrides or {}, matcher)
    labels = adata.obs[source_col].astype(object).where(adata.obs[source_col].notna(), "").astype(str)
    kept = _kept_ids(adata.obs, target_col) if skip_if_exists else pd.Series("", index=adata.obs.index)
    open_labels = sorted(set(labels[kept == ""]) - {""})

    skipped = skip_labels or set()
    matches = {
        label: own.get(label) or _matched(matcher, label, tissue or "", skipped, min_score, granularity)
        for label in open_labels
    }
    ids = kept.where(kept != "", labels.map({label: match.id for label, match in matches.items()}).fillna(""))
    names = ids.map({term: matcher.name_of(term) for term in set(ids) - {""}})
    adata.obs[target_col] = pd.Categorical(ids)
    if name_col is not None:
        adata.obs[name_col] = pd.Categorical(names.fillna(""))

    table = _table(labels, kept, matches, matcher)
    result = MappingResult(table, _metadata(table, matcher, source_col, tissue, granularity, index_path))
    if save_mapping is not None:
        result.save(save_mapping, dataset_name or source_col)
    _log(result)
    return adata, {label: _candidates(match) for label, match in matches.items()}, result


def has_ontology_ids(adata: AnnData, id_col: str = ONTOLOGY_ID, label_col: str = "cell_type") -> dict[str, Any]:
    """Say how many cells have a usable Cell Ontology id.

    Parameters
    ----------
    adata
        Cells by genes.
    id_col
        Column of ids.
    label_col
        Accepted for symmetry with `add_ontology_ids`; the answer does not depend on it.

    Returns
    -------
    ``has_column``, ``coverage`` (0 to 1), ``n_with_ids``, ``n_without_ids``, ``unique_ids`` and ``by_source``
    (coverage per value of ``reference_source``, where there is that column).

    Examples
    --------
    >>> import anndata, numpy
    >>> has_ontology_ids(anndata.AnnData(numpy.zeros((2, 1))))["coverage"]
    0.0
    """
    present = id_col in adata.obs.columns
    ids = _kept_ids(adata.obs, id_col)
    usable = ids != ""
    by_source: dict[str, float] = {}
    if present and REFERENCE_SOURCE in adata.obs.columns:
        shares = usable.groupby(adata.obs[REFERENCE_SOURCE].astype(str)).mean()
        by_source = {str(source): float(share) for source, share in shares.items()}
    return {
        "has_column": present,
        "coverage": float(usable.mean()) if adata.n_obs else 0.0,
        "n_with_ids": int(usable.sum()),
        "n_without_ids": int((~usable).sum()),
        "unique_ids": sorted(set(ids[usable])),
        "by_source": by_source,
    }


def _check(adata: AnnData, source_col: str, min_score: float, granularity: str) -> None:
    if source_col not in adata.obs.columns:
        columns = ", ".join(map(str, adata.obs.columns)) or "none"
        raise LabelColumnError(f"Label column not found: {source_col!r}", hint=f"columns of obs: {columns}")
    if not 0 <= min_score <= 1:
        raise InputError(f"min_score is {min_score}, expected 0 to 1", hint="0.5 accepts every tier")
    if granularity not in ("panel", "full"):
        raise InputError(f"granularity is {granularity!r}", hint="choose 'panel' or 'full'")


def _checked_overrides(overrides: Mapping[str, str], matcher: Matcher) -> dict[str, Match]:
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


def _kept_ids(obs: pd.DataFrame, column: str) -> pd.Series:
    if column not in obs.columns:
        return pd.Series("", index=obs.index, dtype=object)
    given = obs[column].astype(object).where(obs[column].notna(), "").astype(str).str.strip()
    live = {term: current_id(term) or "" for term in given.unique()}
    strange = sorted(term for term, current in live.items() if not current and term.startswith("CL:"))
    if strange:
        logger.warning("%s holds ids that the Cell Ontology does not have: %s", column, ", ".join(strange[:5]))
    return given.map(live)


def _matched(
    matcher: Matcher, label: str, tissue: str, skipped: set[str], min_score: float, granularity: Granularity
) -> Match:
    if label in skipped:
        return Match(label)
    match = matcher.match(label, tissue)
    if match.id and match.score < min_score:
        return match.dropped()
    coarse = coarsen(match.id) if granularity == "panel" else match.id
    return match if coarse == match.id else match.renamed(coarse, matcher.name_of(coarse))


def _candidates(match: Match) -> list[dict[str, Any]]:
    found = [{"id": match.id, "name": match.name, "score": match.score, "match_tier": match.tier}] if match.id else []
    return found + [
        {"id": term, "name": name, "score": score, "match_tier": "suggestion"}
        for term, name, score in match.suggestions
        if term != match.id
    ]


def _table(labels: pd.Series, kept: pd.Series, matches: dict[str, Match], matcher: Matcher) -> pd.DataFrame:
    pairs = pd.DataFrame({"label": labels, "kept": kept})
    counts = pairs[pairs["label"] != ""].value_counts(["label", "kept"]).reset_index(name="n_cells")
    rows = []
    for label, term, n_cells in counts.sort_values(["label", "kept"]).itertuples(index=False):
        match = matches[label] if not term else Match(label, term, matcher.name_of(term), 1.0, "tier1_exact")
        nearest = "; ".join(f"{name} ({other})" for other, name, _ in match.suggestions)
        rows.append((label, match.id, match.name, match.score, match.tier, nearest, int(n_cells), bool(term)))
    return pd.DataFrame(rows, columns=TABLE_COLUMNS)


def _metadata(
    table: pd.DataFrame,
    matcher: Matcher,
    source_col: str,
    tissue: str | None,
    granularity: Granularity,
    index_path: str | Path | None,
) -> dict[str, Any]:
    mapped = table["match_tier"] != UNMAPPED
    return {
        "ontology_version": hierarchy().version,
        "index": str(index_path) if index_path is not None else "shipped",
        "index_metadata": matcher.metadata,
        "source_col": source_col,
        "tissue": tissue or "",
        "granularity": granularity,
        "n_labels": len(table),
        "n_labels_mapped": int(mapped.sum()),
        "n_cells": int(table["n_cells"].sum()),
        "n_cells_mapped": int(table.loc[mapped, "n_cells"].sum()),
        "labels_by_tier": {str(tier): int(count) for tier, count in table["match_tier"].value_counts().items()},
    }


def _log(result: MappingResult) -> None:
    found = result.metadata
    logger.info("%d of %d labels have a Cell Ontology term", found["n_labels_mapped"], found["n_labels"])
    if len(result.unmapped):
        logger.warning("no ontology match for: %s", ", ".join(result.unmapped["input_label"].head(10)))
