"""The features of a matrix, and which of them measure the target genes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from spatialcore.annotation.expression.errors import no_shared_genes
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.sums import sum_duplicates
from spatialcore.core.genes.symbols import shared_positions, symbols_of
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.types import Ints
from spatialcore.core.validation import require_list


def requested_symbols(genes: Sequence[str] | None) -> list[str] | None:
    """Return target genes as unique symbols; None stands for all genes."""
    if genes is None:
        return None
    listed = require_list("target_genes", genes, hint="target_genes=get_panel_genes(adata)")
    return list(dict.fromkeys(symbols_of([str(gene) for gene in listed])))


class Features(NamedTuple):
    """The features of a matrix: symbol ('' for a feature that is not a gene) and Ensembl id ('' if unknown) of each."""

    symbols: list[str]
    ids: list[str]

    @classmethod
    def of(cls, file: AnnDataFile, source: str) -> "Features":
        """Read the features that belong to a matrix of the file."""
        return cls(*gene_names(file.var_of(source)))

    def renamed(self, table: Mapping[str, str]) -> "Features":
        """Return the features under the names of a table; features that the table lacks get an empty name."""
        return Features([table.get(symbol, "") for symbol in self.symbols], [""] * len(self.ids))

    def select(self, genes: Sequence[str] | None, name: str, *, complete: bool = False) -> tuple[list[str], list[Ints]]:
        """Return the genes that the matrix measures, and the positions of the features of each; controls are not genes.

        Raises
        ------
        GeneOverlapError
            None of the genes is measured, or, with ``complete``, not all of them.
        """
        requested = list(dict.fromkeys(self.symbols if genes is None else genes))
        requested = [gene for gene in requested if gene]
        positions = self.positions(requested)
        measured = [(gene, at) for gene, at in zip(requested, positions, strict=True) if len(at)]
        if not measured or (complete and len(measured) < len(requested)):
            raise no_shared_genes(name, [symbol for symbol in self.symbols if symbol], "the target genes", requested)
        return [gene for gene, _ in measured], [at for _, at in measured]

    def positions(self, genes: Sequence[str]) -> list[Ints]:
        """Return the positions of the features of each gene; empty for a gene that is not measured."""
        return shared_positions(genes, self.symbols, self.ids)

    def missing(self, genes: Sequence[str]) -> list[str]:
        """Return the genes that are not measured."""
        return [gene for gene, at in zip(genes, self.positions(genes), strict=True) if len(at) == 0]


def fold(values: sp.csr_matrix, positions: list[Ints]) -> sp.csr_matrix:
    """Add up the columns that measure one gene; ``values`` holds them gene by gene."""
    owners = np.repeat(np.arange(len(positions)), [len(at) for at in positions])
    return sum_duplicates(values, [str(owner) for owner in owners])[0]
