"""Training cells as the solver reads them: log1p values in blocks of cells, stored by gene, capped and in float32."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from spatialcore.annotation.model import compiled
from spatialcore.annotation.model.linear import CLIP
from spatialcore.core.compressed import row_blocks
from spatialcore.core.types import Floats

Float32s = npt.NDArray[np.float32]
BLOCK_CELLS: Final = 1_000  # their scores stay in the processor's second cache
SUMMED_BLOCKS: Final = 20  # summed in single precision
BLOCK_VALUES: Final = 4_000_000
DENSE_FROM: Final = 0.05  # share of non-zero values from which blocks are dense for scipy
DENSE_LOOPS_FROM: Final = 0.4  # the same where the loops are compiled
NEVER: Final = -1e30  # score of a class of the padding


class Block(Protocol):
    """The values of some cells."""

    @property
    def n_cells(self) -> int:
        """Number of cells."""

    def cap(self, most: Float32s) -> None:
        """Lower the values of each gene to its largest one, in place."""

    def scores(self, weights: Float32s, offset: Float32s) -> Float32s:
        """Return ``X @ weights + offset``."""

    def add_gradient(self, residual: Float32s, gradient: Float32s) -> None:
        """Add ``X.T @ residual`` to the gradient, genes x classes, in place."""


class _MatrixBlock:
    """A block whose products are those of numpy and scipy."""

    def __init__(self, X: sparse.csr_matrix) -> None:
        self._X = sparse.csr_matrix((X.data.astype(np.float32), X.indices, X.indptr), shape=X.shape)
        self._is_dense = X.nnz > DENSE_FROM * X.shape[0] * X.shape[1]

    @property
    def n_cells(self) -> int:
        return int(self._X.shape[0])

    def cap(self, most: Float32s) -> None:
        np.minimum(self._X.data, most[self._X.indices], out=self._X.data)

    def scores(self, weights: Float32s, offset: Float32s) -> Float32s:
        result: Float32s = self._products() @ weights
        result += offset
        return result

    def add_gradient(self, residual: Float32s, gradient: Float32s) -> None:
        gradient += self._products().T @ residual

    def _products(self) -> npt.NDArray[np.float32] | sparse.csr_matrix:
        return self._X.toarray() if self._is_dense else self._X


@dataclass(frozen=True)
class FitCells:
    """Cells with the mean and the standard deviation of each gene.

    Parameters
    ----------
    blocks
        The values, in the order of the cells.
    mean, scale
        Of the log1p values of each gene.
    """

    blocks: tuple[Block, ...]
    mean: Floats
    scale: Floats

    @classmethod
    def of(cls, matrices: Iterable[sparse.csr_matrix]) -> Self:
        """Store log1p matrices of consecutive cells; each is read once, so that they need not exist together."""
        moments, blocks = Moments(), list[Block]()
        for X in matrices:
            moments.add(X)
            blocks += blocks_of(X)
        mean, scale = moments.result()
        cap = (CLIP * scale + mean).astype(np.float32)
        for block in blocks:
            block.cap(cap)
        return cls(tuple(blocks), mean, scale)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return sum(block.n_cells for block in self.blocks)

    def gradient(
        self,
        weights: Floats,
        offset: Floats,
        residual: Callable[[Float32s, slice], tuple[Float32s, float]],
    ) -> tuple[Floats, Floats, float]:
        """Return sums over the cells: gradient by gene (genes x classes) and by class, and loss.

        Parameters
        ----------
        weights, offset
            The folded model, genes x classes.
        residual
            Returns weighted residuals and loss for scores, cells x classes, and the positions of their cells.
        """
        n_classes = len(offset)
        table, level = pad_classes(weights, offset)
        by_gene, by_class, loss = np.zeros(table.shape), np.zeros(len(level)), 0.0
        first, sums = 0, np.zeros_like(table)
        for number, block in enumerate(self.blocks, start=1):
            residuals, part = residual(block.scores(table, level), slice(first, first + block.n_cells))
            block.add_gradient(residuals, sums)
            by_class += residuals.sum(axis=0, dtype=np.float64)
            loss, first = loss + part, first + block.n_cells
            if number % SUMMED_BLOCKS == 0 or number == len(self.blocks):
                by_gene += sums
                sums[:] = 0
        return by_gene[:, :n_classes], by_class[:n_classes], loss


class Moments:
    """Mean and standard deviation (ddof 0) of each column of consecutive blocks of rows."""

    def __init__(self) -> None:
        self._n = 0
        self._sums: Floats = np.zeros((2, 0))

    def add(self, X: sparse.csr_matrix) -> None:
        """Add rows."""
        self._n += X.shape[0]
        if not self._sums.size:
            self._sums = np.zeros((2, X.shape[1]))
        for first in range(0, X.nnz, BLOCK_VALUES):
            genes = X.indices[first : first + BLOCK_VALUES]
            values = X.data[first : first + BLOCK_VALUES].astype(np.float64)
            self._sums[0] += np.bincount(genes, weights=values, minlength=X.shape[1])
            self._sums[1] += np.bincount(genes, weights=values**2, minlength=X.shape[1])

    def result(self) -> tuple[Floats, Floats]:
        """Return mean and standard deviation; a constant column gets the deviation 1."""
        mean = self._sums[0] / self._n
        scale = np.sqrt(np.maximum(self._sums[1] / self._n - mean**2, 0.0))
        return mean, np.where(scale > 1e-9, scale, 1.0)


def moments(matrices: Iterable[sparse.csr_matrix]) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each column of consecutive blocks of rows.

    Examples
    --------
    >>> mean, scale = moments([sparse.csr_matrix([[0.0, 1.0], [2.0, 1.0]])])
    >>> mean.tolist(), scale.tolist()
    ([1.0, 1.0], [1.0, 1.0])
    """
    sums = Moments()
    for X in matrices:
        sums.add(X)
    return sums.result()


def pad_classes(weights: Floats, offset: Floats) -> tuple[Float32s, Float32s]:
    """Return weights, genes x classes, and offsets for blocks: with further classes that no cell is of."""
    n_classes = len(offset)
    width = compiled.padded(n_classes)
    table, level = np.zeros((len(weights), width), np.float32), np.full(width, NEVER, np.float32)
    table[:, :n_classes], level[:n_classes] = weights, offset
    return table, level


def blocks_of(X: sparse.csr_matrix) -> Iterator[Block]:
    """Yield the cells in blocks."""
    library = compiled.library()
    for part in row_blocks(X, BLOCK_CELLS):
        is_sparse = part.nnz < DENSE_LOOPS_FROM * part.shape[0] * part.shape[1]
        yield _MatrixBlock(part) if library is None or not is_sparse else compiled.GeneLoops(part, library)
