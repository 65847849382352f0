"""Give the cells of a data set their Cell Ontology terms, from the labels their authors wrote."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore.annotation.ontology.coarsening import coarsen
from spatialcore.annotation.ontology.curated import live_ids
from spatialcore.annotation.ontology.match import Match
from spatialcore.annotation.ontology.matcher import Matcher, matcher_for
from spatialcore.annotation.ontology.options import Granularity, check, checked_overrides
from spatialcore.annotation.ontology.result import MappingResult
from spatialcore.annotation.ontology.summary import candidates, metadata_of, table_of
from spatialcore.columns import CELL_TYPE, ONTOLOGY_ID, ONTOLOGY_LABEL
from spatialcore.core.logging import get_logger

logger = get_logger(__name__)

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
    check(adata, source_col, min_score, granularity)
    adata = adata.copy() if copy else adata
    matcher = matcher_for(index_path)
    own = checked_overrides(overrides or {}, matcher)
    labels = adata.obs[source_col].astype(object).where(adata.obs[source_col].notna(), "").astype(str)
    kept = live_ids(adata.obs, target_col) if skip_if_exists else pd.Series("", index=adata.obs.index)
    skipped = skip_labels or set()
    matches = {
        label: own.get(label) or _matched(matcher, label, tissue or "", skipped, min_score, granularity)
        for label in sorted(set(labels[kept == ""]) - {""})
    }
    _write(adata, kept, labels, matches, matcher, target_col, name_col)

    table = table_of(labels, kept, matches, matcher)
    result = MappingResult(table, metadata_of(table, matcher, source_col, tissue, granularity, index_path))
    if save_mapping is not None:
        result.save(save_mapping, dataset_name or source_col)
    _log(result)
    return adata, {label: candidates(match) for label, match in matches.items()}, result


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


def _write(
    adata: AnnData,
    kept: pd.Series,
    labels: pd.Series,
    matches: Mapping[str, Match],
    matcher: Matcher,
    target_col: str,
    name_col: str | None,
) -> None:
    """Write every cell's id, the kept one before the label's, and its name."""
    ids = kept.where(kept != "", labels.map({label: match.id for label, match in matches.items()}).fillna(""))
    adata.obs[target_col] = pd.Categorical(ids)
    if name_col is not None:
        names = ids.map({term: matcher.name_of(term) for term in set(ids) - {""}})
        adata.obs[name_col] = pd.Categorical(names.fillna(""))


def _log(result: MappingResult) -> None:
    found, table = result.metadata, result.table
    logger.info("%d of %d labels have a Cell Ontology term", found["n_labels_mapped"], found["n_labels"])
    if len(result.unmapped):
        logger.warning("no ontology match for: %s", ", ".join(result.unmapped["input_label"].head(10)))
    guessed = table[table["match_tier"] == "tier3_overlap"].sort_values("n_cells", ascending=False).head(10)
    if len(guessed):
        pairs = (f"{label} -> {name}" for label, name in guessed[["input_label", "name"]].to_numpy())
        logger.warning("guessed from few words, look at these: %s", ", ".join(pairs))
