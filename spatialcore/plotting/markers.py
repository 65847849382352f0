"""Marker genes of the types, marker scores of the cells, and how well the scores separate the types."""

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

from spatialcore.core.genes.symbols import symbols_of
from spatialcore.core.rank_sum import rank_sum
from spatialcore.core.types import Floats
from spatialcore.errors import InputError
from spatialcore.plotting.expression import log_expression
from spatialcore.plotting.groups import Groups, group_cells

Markers = Mapping[str, Sequence[str]]
LIST_NAME: Final = "given"  # type of the markers if they are passed as a list


@dataclass(frozen=True)
class MarkerScores:
    """Marker scores of every cell for every type with markers among the genes.

    Parameters
    ----------
    groups
        The types of the cells, including types without markers.
    sets
        Measured markers by type.
    scores
        Mean log1p(10k) expression of the markers, cells x marker sets in the order of ``sets``.
    """

    groups: Groups
    sets: dict[str, list[str]]
    scores: Floats

    @cached_property
    def auc(self) -> pd.DataFrame:
        """AUC, types x marker sets: probability that a cell of the type scores higher than a cell of another type."""
        values = rank_sum(self.scores, self.groups.codes, len(self.groups.names)).auc
        return pd.DataFrame(values, index=list(self.groups.names), columns=list(self.sets))

    def at_least(self, n_cells: int) -> "MarkerScores":
        """Return the scores for the types with at least this many cells."""
        groups = self.groups.at_least(n_cells)
        if groups.names == self.groups.names:
            return self
        sets = {name: genes for name, genes in self.sets.items() if name in groups.names}
        return MarkerScores(groups, sets, self.scores[:, [name in sets for name in self.sets]])

    @property
    def types_without_markers(self) -> list[str]:
        """Types without a marker among the genes."""
        return [name for name in self.groups.names if name not in self.sets]


def score_markers(
    adata: AnnData, label_column: str, markers: Markers | None = None, *, layer: str | None = None
) -> MarkerScores:
    """Return the marker scores of every cell for every type.

    Parameters
    ----------
    adata
        Cells x genes; ``X`` holds log1p(10k) values or counts.
    label_column
        Column of ``obs`` with the types; cells without a type are excluded.
    markers
        Genes by cell type. Default: the canonical markers of the species that the genes are of.
    layer
        Layer to use instead of ``X``.
    """
    X, genes = log_expression(adata, layer)
    groups = group_cells(adata, label_column, types_only=True)
    sets = marker_sets(groups.names, genes, markers)
    return MarkerScores(groups, sets, _mean_of_sets(X, genes, sets))


def marker_sets(names: Sequence[str], genes: Iterable[str], markers: Markers | None = None) -> dict[str, list[str]]:
    """Return the measured markers of each type; types without a measured marker are omitted.

    Types are matched by name, regardless of case and plural.

    Parameters
    ----------
    names
        Names of the types.
    genes
        Measured genes.
    markers
        Genes by cell type. Default: the canonical markers.

    Examples
    --------
    >>> marker_sets(["T cells", "neuron"], ["CD3D", "CD19"], {"t cell": ["CD3D", "CD3E"]})
    {'T cells': ['CD3D']}
    """
    measured = set(map(str, genes))
    markers_of = _by_name(_canonical_markers(measured) if markers is None else _in_symbols(markers, measured), names)
    sets = {name: [gene for gene in dict.fromkeys(markers_of.get(name, ())) if gene in measured] for name in names}
    return {name: members for name, members in sets.items() if members}


def marker_table(names: Sequence[str], genes: Iterable[str], markers: Markers | Sequence[str] | None) -> pd.DataFrame:
    """Return the measured markers to plot, one row per marker.

    Parameters
    ----------
    names
        Names of the types.
    genes
        Measured genes.
    markers
        Genes by cell type, or a list of genes. Default: the canonical markers.

    Returns
    -------
    Columns ``cell_type`` and ``gene``.

    Raises
    ------
    InputError
        No marker is among the genes.
    """
    measured = set(map(str, genes))
    if markers is None:
        sets = marker_sets(names, genes)
    else:
        by_type = _in_symbols(markers if isinstance(markers, Mapping) else {LIST_NAME: markers}, measured)
        sets = {
            type_: [gene for gene in dict.fromkeys(members) if gene in measured] for type_, members in by_type.items()
        }
        label_of = {plain_name(name): name for name in names}
        sets = {label_of.get(plain_name(type_), type_): members for type_, members in sets.items()}
    rows = [(name, gene) for name, members in sets.items() for gene in members]
    if not rows:
        raise InputError(
            "No marker genes found in data",
            hint="pass markers={'cell type': ['GENE', ...]} with gene symbols of this panel",
        )
    return pd.DataFrame(rows, columns=["cell_type", "gene"])


def plain_name(name: str) -> str:
    """Return the name of a type in lower case and singular, for matching.

    Examples
    --------
    >>> plain_name("T_Cells")
    't cell'
    """
    text = re.sub(r"[\s_]+", " ", str(name)).strip().casefold()
    return re.sub(r"(?<=[a-rt-z])s$", "", text)


def _in_symbols(markers: Markers, measured: set[str]) -> Markers:
    """Return markers with symbols instead of Ensembl ids that the measured genes do not have as names."""

    def names_of(members: Sequence[str]) -> list[str]:
        symbols = symbols_of([str(gene) for gene in members])
        return [str(gene) if str(gene) in measured else name for gene, name in zip(members, symbols, strict=True)]

    return {type_: names_of(list(members)) for type_, members in markers.items()}


def _by_name(markers: Markers, names: Sequence[str]) -> dict[str, Sequence[str]]:
    by_plain_name = {plain_name(key): genes for key, genes in markers.items()}
    return {name: by_plain_name[plain_name(name)] for name in names if plain_name(name) in by_plain_name}


def _canonical_markers(genes: Iterable[str]) -> Markers:
    from spatialcore.annotation.markers import markers_for_genes

    markers = markers_for_genes(map(str, genes))
    if not markers:
        raise InputError("No marker genes found in data: the canonical marker table is empty", hint="pass markers=")
    return markers


def _mean_of_sets(X: csr_matrix, genes: NDArray[np.str_], sets: Mapping[str, Sequence[str]]) -> Floats:
    """Return the mean over the genes of each set, cells x sets."""
    position = {gene: j for j, gene in enumerate(genes)}
    entries = [(position[gene], k, 1 / len(members)) for k, members in enumerate(sets.values()) for gene in members]
    rows, cols, weights = zip(*entries, strict=True) if entries else ((), (), ())
    membership = csr_matrix((weights, (rows, cols)), shape=(genes.size, len(sets)), dtype=np.float32)
    return np.asarray((X @ membership).todense())
