"""Groups among the cells that the model could not name, and what each of them may be."""

import json
from collections import Counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from anndata import AnnData
from scipy import sparse

from spatialcore import columns
from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.level_columns import SEPARATOR, class_tree
from spatialcore.annotation.panel import get_panel_genes
from spatialcore.annotation.query import Expression, open_query
from spatialcore.annotation.unknown.clustering import NearestCluster, cluster_cells
from spatialcore.annotation.unknown.naming import dropped_labels, marker_lineage, reference_query
from spatialcore.core.categories import as_texts, named
from spatialcore.core.entries import coordinates_in
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import TARGET_SUM, log1p_normalize, row_totals
from spatialcore.core.rank_sum import RankSum, rank_sum
from spatialcore.core.sampling import draw_named
from spatialcore.core.text.wording import number_of
from spatialcore.core.types import Codes, Floats
from spatialcore.core.validation import require_whole
from spatialcore.errors import InputError

log = get_logger(__name__)

MIN_CELLS: Final = 50
MIN_GROUP: Final = 10
COMMON_SHARE: Final = 0.5
N_GENES: Final = 10
MAX_OTHERS: Final = 20_000
MAX_GROUPED: Final = 100_000
JOINED_CELLS: Final = 50_000
GROUPS_KEY: Final = "unknown_groups_json"
TABLE: Final = (
    "group",
    "n_cells",
    "share",
    "center_x",
    "center_y",
    "radius",
    "top_genes",
    "lineage",
    "lineage_id",
    "lineage_auc",
    "closest_class",
    "closest_share",
    "confident_term",
    "confident_share",
    "unseen_score",
    "dropped_labels",
    "reference_query",
)
Mask = npt.NDArray[np.bool_]


def group_unknown_cells(
    adata: AnnData, *, min_cells: int = MIN_CELLS, min_group: int = MIN_GROUP, random_state: int = 0
) -> pd.DataFrame:
    """Group the cells without a confident class by their expression, in place, and describe the groups.

    Parameters
    ----------
    adata
        Annotated cells whose calls below the threshold are "Unassigned".
    min_cells
        Of fewer cells without a class no groups are made.
    min_group
        Cells of smaller clusters are left out of all groups.
    random_state
        The seed.

    Returns
    -------
    One row a group, the largest first:

    ``group``, ``n_cells``, ``share`` (of all cells)
        "group 1" ...; the same name is in ``obs["cell_type_unknown_group"]``, empty text for all other cells.
    ``center_x``, ``center_y``, ``radius``
        Median place, and the distance from it within which half of the group lies; NaN without coordinates.
    ``top_genes``
        Genes that set the group apart from all other cells, the strongest first.
    ``lineage``, ``lineage_id``, ``lineage_auc``
        The type whose canonical markers set the group apart best; empty where none do.
    ``closest_class``, ``closest_share``
        The commonest best class, and the share of the group that has it.
    ``confident_term``, ``confident_share``
        The term above the classes that most cells of the group reach the threshold for, and their share.
    ``unseen_score``
        Mean ``cell_type_unseen_score``: high for a type that the references lack, low for cells between two types that
        the panel does not separate; NaN where it is not known.
    ``dropped_labels``
        Labels of the references that were left out of the training and are of this lineage.
    ``reference_query``
        A Census query that would give a reference with the lineage.

    Raises
    ------
    InputError
        The cells are not annotated, or a number is out of range.
    """
    require_whole("min_cells", min_cells, minimum=2, hint="50 is the default")
    require_whole("min_group", min_group, minimum=2, hint="10 is the default")
    rejected = _rejected(adata)
    adata.obs[columns.UNKNOWN_GROUP] = named(np.full(adata.n_obs, -1), [], "")
    table = pd.DataFrame(columns=list(TABLE))
    if rejected.sum() >= min_cells:
        rows = _rows(rejected, adata.obs_names, random_state)
        query, genes = _open_panel(adata)
        counts = query.counts(rows)
        clusters = _cluster(counts, rejected[rows], random_state)
        codes = _without_small(clusters, min_group)
        if (codes >= 0).any():
            names = [f"group {k + 1}" for k in range(codes.max() + 1)]
            of_cells = np.full(adata.n_obs, -1, dtype=np.intp)
            of_cells[rows] = codes
            others = np.setdiff1d(np.flatnonzero(rejected), rows, assume_unique=True)
            of_cells[others] = _join(query, others, counts, clusters, len(names))
            adata.obs[columns.UNKNOWN_GROUP] = named(of_cells, names, "")
            table = _describe(adata, of_cells, _gene_statistics(counts, codes, len(names)), genes, names)
    run_manifest.record(adata, **{GROUPS_KEY: table.to_json(orient="records")})
    log.info("%s without a class: %s", number_of(int(rejected.sum()), "cell"), number_of(len(table), "group"))
    return table


def unknown_groups(adata: AnnData) -> pd.DataFrame:
    """Return the table that :func:`group_unknown_cells` recorded; empty where it did not."""
    rows = json.loads(run_manifest.manifest_of(adata).get(GROUPS_KEY, "[]"))
    return pd.DataFrame(rows, columns=list(TABLE)).astype({"unseen_score": np.float64})


def _rows(rejected: Mask, names: pd.Index, random_state: int) -> Codes:
    """Return the cells to read: those without a class, at most 100,000, and others that groups are compared with."""
    parts = ((np.flatnonzero(~rejected), MAX_OTHERS), (np.flatnonzero(rejected), MAX_GROUPED))
    return np.sort(np.concatenate([rows[draw_named(names[rows], most, random_state)] for rows, most in parts]))


def _cluster(counts: sparse.csr_matrix, rejected: Mask, random_state: int) -> Codes:
    """Return the cluster of each cell, -1 for the cells that have a class or no counts."""
    inside = np.flatnonzero(rejected & (row_totals(counts) > 0))
    clusters = np.full(len(rejected), -1, dtype=np.intp)
    clusters[inside] = cluster_cells(counts[inside], random_state=random_state)
    return clusters


def _without_small(clusters: Codes, min_group: int) -> Codes:
    """Return -1 for cells in clusters of few cells; clusters are numbered from the largest."""
    n_groups = int((np.bincount(clusters[clusters >= 0]) >= min_group).sum())
    return np.where(clusters < n_groups, clusters, -1)


def _join(query: Expression, rows: Codes, counts: sparse.csr_matrix, clusters: Codes, n_groups: int) -> Codes:
    """Return the groups of further cells, which join the nearest cluster."""
    joined = np.full(len(rows), -1, dtype=np.intp)
    if not len(rows):
        return joined
    nearest = NearestCluster.fit(counts[clusters >= 0], clusters[clusters >= 0])
    for first in range(0, len(rows), JOINED_CELLS):
        part = query.counts(rows[first : first + JOINED_CELLS])
        joined[first : first + JOINED_CELLS] = np.where(row_totals(part) > 0, nearest.assign(part), -1)
    return np.where(joined < n_groups, joined, -1)


def _rejected(adata: AnnData) -> Mask:
    missing = [name for name in (columns.CELL_TYPE, columns.PREDICTED) if name not in adata.obs]
    if missing:
        raise InputError(f"obs has no {' and no '.join(missing)}", hint="annotate the cells first")
    unassigned = as_texts(adata.obs[columns.CELL_TYPE]) == columns.UNASSIGNED
    predicted = as_texts(adata.obs[columns.PREDICTED]) != columns.UNASSIGNED
    rejected: Mask = (unassigned & predicted).to_numpy(dtype=bool)
    return rejected


def _open_panel(adata: AnnData) -> tuple[Expression, npt.NDArray[np.str_]]:
    """Return the expression of the panel genes, and their symbols."""
    panel = get_panel_genes(adata)
    query = open_query(adata, panel)
    return query, np.array(panel)[query.genes.model]


def _describe(
    adata: AnnData,
    codes: Codes,
    statistics: RankSum,
    genes: npt.NDArray[np.str_],
    names: list[str],
) -> pd.DataFrame:
    manifest = run_manifest.manifest_of(adata)
    tissue = str(json.loads(manifest.get("config_json", "{}")).get("tissue", "unknown"))
    rows, places = [], coordinates_in(adata)
    for k, name in enumerate(names):
        inside = codes == k
        lineage, lineage_id, auc = marker_lineage(genes, statistics.auc[k])
        order = np.argsort(-statistics.z[k], kind="stable")
        top = [str(genes[gene]) for gene in order[:N_GENES] if statistics.z[k, gene] > 0]
        rows.append(
            {
                "group": name,
                "n_cells": int(inside.sum()),
                "share": float(inside.mean()),
                **_location(places, inside),
                "top_genes": ", ".join(top),
                "lineage": lineage,
                "lineage_id": lineage_id,
                "lineage_auc": auc,
                **_commonest(adata.obs.loc[inside, columns.PREDICTED], "closest_class", "closest_share"),
                **_confident_term(adata, inside),
                "unseen_score": _mean_score(adata, inside),
                "dropped_labels": ", ".join(dropped_labels(manifest, lineage_id)),
                "reference_query": reference_query(lineage, tissue),
            }
        )
    return pd.DataFrame(rows, columns=list(TABLE))


def _gene_statistics(counts: sparse.csr_matrix, codes: Codes, n_groups: int) -> RankSum:
    """Compare every gene of every group with all cells outside it; the last row is that of those in no group."""
    logged = log1p_normalize(counts, TARGET_SUM)
    return rank_sum(logged, np.where(codes < 0, n_groups, codes), n_groups + 1)


def _location(places: Floats | None, inside: Mask) -> dict[str, float]:
    if places is None:
        return dict.fromkeys(("center_x", "center_y", "radius"), np.nan)
    coordinates = places[inside, :2]
    coordinates = coordinates[np.isfinite(coordinates).all(axis=1)]
    if not len(coordinates):
        return dict.fromkeys(("center_x", "center_y", "radius"), np.nan)
    center = np.median(coordinates, axis=0)
    radius = np.median(np.hypot(*(coordinates - center).T))
    return {"center_x": float(center[0]), "center_y": float(center[1]), "radius": float(radius)}


def _commonest(values: "pd.Series[Any]", name: str, share: str) -> dict[str, Any]:
    counts = as_texts(values).value_counts()
    first = sorted(counts.index, key=lambda value: (-counts[value], value))[0]
    return {name: first, share: float(counts[first] / len(values))}


def _mean_score(adata: AnnData, inside: Mask) -> float:
    if columns.UNSEEN_SCORE not in adata.obs:
        return np.nan
    return float(adata.obs.loc[inside, columns.UNSEEN_SCORE].to_numpy(np.float64).mean())


def _confident_term(adata: AnnData, inside: Mask) -> dict[str, Any]:
    """Return the finest term on the paths of most cells of a group."""
    no_term = {"confident_term": "", "confident_share": 0.0}
    if class_tree(adata) is None or columns.PATH not in adata.obs:
        return no_term
    paths = [str(path).split(SEPARATOR) for path in adata.obs.loc[inside, columns.PATH] if path]
    counts = Counter(term for path in paths for term in path)
    common = [term for term, n in counts.items() if n >= COMMON_SHARE * inside.sum()]
    if not common:
        return no_term
    position = {term: path.index(term) for path in paths for term in path}
    finest = max(common, key=lambda term: (position[term], term))
    return {"confident_term": finest, "confident_share": float(counts[finest] / inside.sum())}
