"""The features of a matrix, and which of them measure the wanted genes."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from spatialcore.annotation.expression import no_shared_genes
from spatialcore.core.genes.features import gene_names
from spatialcore.core.genes.sums import sum_duplicates
from spatialcore.core.genes.symbols import shared_positions, symbols_of
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.types import Ints
from spatialcore.core.validation import require_list


def wanted_genes(genes: Sequence[str] | None) -> list[str] | None:
    """Return the genes that a caller wants as symbols, each once; None is all."""
    if genes is None:
        return None
    listed = require_list("target_genes", genes, hint="target_genes=get_panel_genes(adata)")
    return list(dict.fromkeys(symbols_of([str(gene) for gene in listed])))


class Features(NamedTuple):
    """The features of a matrix: symbol ('' where it is no gene) and Ensembl id ('' where unknown) of each."""

    symbols: list[str]
    ids: list[str]

    @classmethod
    def of(cls, file: AnnDataFile, source: str) -> "Features":
        """Read the features that belong to a matrix of the file."""
        return cls(*gene_names(file.var_of(source)))

    def renamed(self, table: Mapping[str, str]) -> "Features":
        """Return the features under the names of a table; those that it lacks have no name and match no gene."""
        return Features([table.get(symbol, "") for symbol in self.symbols], [""] * len(self.ids))

    def select(
        self, wanted: Sequence[str] | None, name: str, *, complete: bool = False
    ) -> tuple[list[str], list[Ints]]:
        """Return the wanted genes that are there, and the positions of each; controls are no genes.

        Raises
        ------
        GeneOverlapError
            None is there, or (``complete``) one is not.
        """
        asked = list(dict.fromkeys(self.symbols if wanted is None else wanted))
        asked = [gene for gene in asked if gene]
        positions = self.positions(asked)
        found = [(gene, at) for gene, at in zip(asked, positions, strict=True) if len(at)]
        if not found or (complete and len(found) < len(asked)):
            raise no_shared_genes(name, [symbol for symbol in self.symbols if symbol], "the target genes", asked)
        return [gene for gene, _ in found], [at for _, at in found]

    def positions(self, wanted: Sequence[str]) -> list[Ints]:
        """Return the positions of the features of each wanted gene, empty where there is none."""
        return shared_positions(wanted, self.symbols, self.ids)

    def missing(self, wanted: Sequence[str]) -> list[str]:
        """Return the wanted genes that are not there."""
        return [gene for gene, at in zip(wanted, self.positions(wanted), strict=True) if len(at) == 0]


def fold(values: sp.csr_matrix, positions: list[Ints]) -> sp.csr_matrix:
    """Add up the columns that measure one gene; ``values`` holds them gene by gene."""
    owners = np.repeat(np.arange(len(positions)), [len(at) for at in positions])
    return sum_duplicates(values, [str(owner) for owner in owners])[0]
