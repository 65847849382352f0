"""Marker genes of the types at hand, the score they give a cell, and how well that score tells types apart."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.plotting.expression import log_expression
from spatialcore.plotting.groups import Groups, group_cells
from spatialcore.plotting.ranksum import rank_sum

Markers = Mapping[str, Sequence[str]]
GIVEN: Final = "given"


@dataclass(frozen=True)
class MarkerScores:
    """The marker score of every cell for every type that has markers among the genes.

    Parameters
    ----------
    groups
        The types of the cells; types without markers are among them.
    sets
        Type -> its markers that were measured.
    scores
        Cells x marker sets, in the order of ``sets``: mean log1p(10k) expression of the markers.
    """

    groups: Groups
    sets: dict[str, list[str]]
    scores: NDArray[np.float64]

    @cached_property
    def auc(self) -> pd.DataFrame:
        """Types x marker sets: chance that a cell of the type scores higher than one of another type."""
        values = rank_sum(self.scores, self.groups).auc
        return pd.DataFrame(values, index=list(self.groups.names), columns=list(self.sets))

    @property
    def without(self) -> list[str]:
        """Name the types that have no marker among the genes."""
        return [name for name in self.groups.names if name not in self.sets]


def score_markers(
    adata: AnnData, label_column: str, markers: Markers | None = None, *, min_cells: int = 1, layer: str | None = None
) -> MarkerScores:
    """Score every cell on the markers of every type.

    Parameters
    ----------
    adata
        Cells x genes, log1p(10k) or counts.
    label_column
        Column of ``obs`` with the types; cells without a type are left out.
    markers
        Type -> genes; the canonical markers when not given.
    min_cells
        Types with fewer cells are left out.
    layer
        Layer to take instead of ``X``.
    """
    X, genes = log_expression(adata, layer)
    groups = group_cells(adata, label_column, types_only=True).at_least(min_cells)
    sets = marker_sets(adata, label_column, groups.names, genes, markers)
    return MarkerScores(groups, sets, _mean_of_sets(X, genes, sets))


def marker_sets(
    adata: AnnData, label_column: str, names: Sequence[str], genes: Iterable[str], markers: Markers | None
) -> dict[str, list[str]]:
    """Return the measured markers of each type; types without any are left out.

    Types are matched by name without regard to case or plural; canonical markers also by Cell Ontology term, and
    where a term has none, by the nearest of its ancestors that has.
    """
    measured = set(map(str, genes))
    wanted = _canonical(adata, label_column, names) if markers is None else _by_name(markers, names)
    found = {name: [gene for gene in dict.fromkeys(wanted.get(name, ())) if gene in measured] for name in names}
    return {name: kept for name, kept in found.items() if kept}


def marker_table(
    adata: AnnData,
    label_column: str,
    names: Sequence[str],
    genes: Iterable[str],
    markers: Markers | Sequence[str] | None,
) -> pd.DataFrame:
    """Return the markers to draw: columns cell_type and gene.

    Raises
    ------
    InputError
        None of them was measured.
    """
    measured = set(map(str, genes))
    if markers is None:
        sets = marker_sets(adata, label_column, names, genes, None)
    else:
        given: Markers = markers if isinstance(markers, Mapping) else {GIVEN: markers}
        sets = {name: [gene for gene in dict.fromkeys(members) if gene in measured] for name, members in given.items()}
        own = {plain_name(name): name for name in names}
        sets = {own.get(plain_name(name), name): members for name, members in sets.items()}
    rows = [(name, gene) for name, members in sets.items() for gene in members]
    if not rows:
        raise InputError(
            "No marker genes found in data",
            hint="pass markers={'cell type': ['GENE', ...]} with genes of this panel, as symbols",
        )
    return pd.DataFrame(rows, columns=["cell_type", "gene"])


def plain_name(name: str) -> str:
    """Return a type's name in lower case and the singular, as a key to match by."""
    text = re.sub(r"[\s_]+", " ", str(name)).strip().casefold()
    return re.sub(r"(?<=[a-rt-z])s$", "", text)


def _by_name(markers: Markers, names: Sequence[str]) -> dict[str, Sequence[str]]:
    known = {plain_name(key): genes for key, genes in markers.items()}
    return {name: known[plain_name(name)] for name in names if plain_name(name) in known}


def _canonical(adata: AnnData, label_column: str, names: Sequence[str]) -> dict[str, Sequence[str]]:
    from spatialcore.annotation.markers import load_canonical_markers

    markers = load_canonical_markers()
    if not markers:
        raise InputError("No marker genes found in data: the table of canonical markers is empty", hint="pass markers=")
    return _by_name(markers, names)


def _mean_of_sets(X: csr_matrix, genes: NDArray[np.str_], sets: Mapping[str, Sequence[str]]) -> NDArray[np.float64]:
    """Return cells x sets: the mean over each set's genes, by one sparse product."""
    position = {gene: j for j, gene in enumerate(genes)}
    entries = [(position[gene], k, 1 / len(members)) for k, members in enumerate(sets.values()) for gene in members]
    rows, cols, weights = zip(*entries, strict=True) if entries else ((), (), ())
    membership = csr_matrix((weights, (rows, cols)), shape=(genes.size, len(sets)), dtype=np.float32)
    return np.asarray((X @ membership).todense())


def ontology_ids(adata: AnnData, label_column: str) -> dict[str, str]:
    """Return type -> Cell Ontology id where ``obs`` holds one for the label column's types."""
    if columns.ONTOLOGY_ID not in adata.obs:
        return {}
    pairs = adata.obs[[label_column, columns.ONTOLOGY_ID]].astype(str).value_counts().reset_index()
    pairs = pairs[pairs[columns.ONTOLOGY_ID].str.startswith("CL:")].drop_duplicates(label_column)
    return dict(zip(pairs[label_column], pairs[columns.ONTOLOGY_ID], strict=True))
