"""Counts without spill-over (:func:`decontaminate`): what came from a neighbour of another type goes back to it.

The probability that a count of cell i on gene g is foreign is that of its part ``l (C M - C_k M_k)`` in the mixture
profile, averaged over classes k and shares l. Of its neighbours it goes back to one by distance and by what the
neighbour's type expresses of the gene. Nothing is lost: the sum over the cells stays as it was.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from anndata import AnnData
from scipy import sparse

from spatialcore.annotation import run_manifest
from spatialcore.annotation.calls.sample_match import match_sample
from spatialcore.annotation.model.artifact import load_model
from spatialcore.annotation.query import Expression, open_query, read_rows
from spatialcore.annotation.spillover.cells import blocks
from spatialcore.annotation.spillover.coordinates import Places
from spatialcore.annotation.spillover.mixture import SHARES, Block, Posterior, log_likelihood, posterior
from spatialcore.annotation.spillover.result import SpillOver, estimate_spill_over, why_unavailable
from spatialcore.annotation.spillover.rounding import order_of_cells, rounded
from spatialcore.core.logging import get_logger
from spatialcore.core.types import Codes, Floats
from spatialcore.core.validation import takes_adata, to_change
from spatialcore.errors import InputError

log = get_logger(__name__)

PURIFIED: Final = "purified"
MAX_PENDING_VALUES: Final = 20_000_000
Counts = sparse.csr_matrix
_NOTHING = (np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32))


@takes_adata
def decontaminate(
    adata: AnnData,
    model_path: str | Path | None = None,
    *,
    layer: str = PURIFIED,
    integers: bool = False,
    random_state: int = 0,
    copy: bool = False,
) -> AnnData:
    """Write counts without spill-over into a layer; X and the other layers are not changed.

    Parameters
    ----------
    adata
        Counts with coordinates.
    model_path
        A model matched to the platform of these data. Default: the one they were annotated with.
    layer
        Name of the layer, cells x features, float32. Features that the model does not use are not changed.
    integers
        Round each expected count up or down at random, so that the result has whole counts. Default: expected counts,
        which have less noise.
    random_state
        Seed of the rounding.
    copy
        Return a modified copy; by default `adata` is modified.

    Returns
    -------
    AnnData
        The data with the layer. The sum over all cells is unchanged, and no cell loses all its counts. Where no
        spill-over is detected the layer equals the counts.

    Raises
    ------
    InputError
        No model, no raw counts, or no usable coordinates.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> from spatialcore.annotation import train_celltypist_model
    >>> from spatialcore.simulate import section
    >>> means = np.kron(np.eye(4), np.full(10, 9.0)) + 1.0  # four types, ten genes each
    >>> counts = np.random.default_rng(0).poisson(np.tile(means, (25, 1))).astype(float)
    >>> obs = pd.DataFrame({"cell_type": ["A", "B", "C", "D"] * 25}, index=[f"r{i}" for i in range(100)])
    >>> reference = AnnData(counts, obs=obs, var=pd.DataFrame(index=[f"G{g}" for g in range(40)]))
    >>> cells = section(reference, layout="mixed", spill_share=0.3, n_cells=400)
    >>> model = f"{tempfile.mkdtemp()}/model.pkl"
    >>> _ = train_celltypist_model(reference, "cell_type", output_path=model, trainer="logistic", query=cells)
    >>> cells = decontaminate(cells, model)

    The share of the counts of A cells that are on genes of other types, before and after (0.25 without spill-over):

    >>> of_type_a = (cells.obs["true_cell_type"] == "A").to_numpy()
    >>> before, after = cells.X[of_type_a], cells.layers["purified"][of_type_a]
    >>> [round(float(counts[:, 10:].sum() / counts.sum()), 1) for counts in (before, after)]
    [0.5, 0.3]
    """
    model = load_model(_model_path(adata, model_path))
    query = open_query(adata, model.genes)
    model = match_sample(model, query)
    reason = why_unavailable(adata, model, query) or _not_a_layer(adata, query)
    if reason:
        raise InputError(f"spill-over cannot be removed: {reason}", hint="see docs/how-to/spill-over.md")
    result = to_change(adata, copy=copy)
    places = Places.of(adata)
    spill_over = estimate_spill_over(adata, model, query, places)
    counts = read_rows(query.matrix, 0, query.n_obs, np.arange(adata.n_vars)).astype(np.float32)
    if spill_over is None or spill_over.estimates is None:
        log.info("no spill-over is detected: layer %r equals the counts", layer)
        result.layers[layer] = counts
        return result
    genes = _gene_of_feature(query, counts.shape[1])
    purified = _purified(counts, genes, spill_over)
    if integers:
        order, group = order_of_cells(places.coordinates, places.groups)
        purified = rounded(purified, order, group, np.random.default_rng(random_state))
    result.layers[layer] = purified
    moved = abs(result.layers[layer] - counts).sum() / 2
    log.info("moved %.1f %% of the counts back to neighbours", 100 * moved / max(1.0, float(counts.sum())))
    return result


def _model_path(adata: AnnData, model_path: str | Path | None) -> Path:
    if model_path is not None:
        return Path(model_path)
    stated = str(run_manifest.manifest_of(adata).get("model_path", ""))
    if not stated or ";" in stated:
        raise InputError(
            "the data have no record of the model that annotated them",
            hint="annotate the data first, or pass model_path",
        )
    return Path(stated)


def _not_a_layer(adata: AnnData, query: Expression) -> str:
    """Return why counts cannot be written as a layer; empty text if they can."""
    if query.kind != "counts":
        return "the data have no raw counts"
    if query.matrix.shape != adata.shape:
        return f"the counts are in {query.source}, which has other features than X: put them into layers['counts']"
    return ""


def _gene_of_feature(query: Expression, n_features: int) -> Codes:
    """Return the position of the gene of each feature, -1 for a feature that the model does not read."""
    genes = np.full(n_features, -1, dtype=np.intp)
    fold = query.genes.fold
    read = np.arange(len(query.genes.columns)) if fold is None else np.asarray(fold.argmax(axis=1)).ravel()
    genes[query.genes.columns] = read
    return genes


def _purified(counts: Counts, genes: Codes, spill_over: SpillOver) -> Counts:
    """Move foreign counts back, block by block."""
    removed, returned = np.zeros(counts.nnz), _Sum(counts.shape)
    for rows in blocks(spill_over.cells.rows[spill_over.neighbours.has_any[spill_over.cells.rows]]):
        block = spill_over.cells.block(rows, spill_over.neighbours)
        likelihood = log_likelihood(block, spill_over.fit.profiles)
        mixture = posterior(block, likelihood, spill_over.fit.shares, by_place=True)
        best = np.take_along_axis(block.candidates, mixture.classes.argmax(axis=1)[:, None], axis=1)[:, 0]
        entries = np.concatenate([np.arange(counts.indptr[row], counts.indptr[row + 1]) for row in rows])
        cells = np.repeat(np.arange(len(rows)), np.diff(counts.indptr)[rows])
        read = genes[counts.indices[entries]] >= 0
        entries, cells = entries[read], cells[read]
        gene = genes[counts.indices[entries]]
        likely = foreign_probability(block, mixture, spill_over.fit.profiles)[cells, gene]
        removed[entries] = counts.data[entries] * likely
        leaving = removed[entries] > 0
        senders = _Senders(rows, best, cells[leaving], gene[leaving], removed[entries[leaving]])
        receivers, of, amounts = _to_neighbours(spill_over, senders)
        returned.add(receivers, counts.indices[entries[leaving]][of], amounts)
    remaining = sparse.csr_matrix((counts.data - removed, counts.indices, counts.indptr), shape=counts.shape)
    purified = sparse.csr_matrix(remaining + returned.total(), dtype=np.float32)
    purified.eliminate_zeros()
    return purified


class _Sum:
    """A sparse matrix that entries are added to; they are summed when many are pending."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape, self.n_pending = shape, 0
        self.pending: list[tuple[Codes, Codes, Floats]] = []
        self.summed: Counts | None = None

    def add(self, rows: Codes, columns: Codes, values: Floats) -> None:
        """Add values at these places."""
        self.pending.append((rows.astype(np.int32), columns.astype(np.int32), values.astype(np.float32)))
        self.n_pending += len(rows)
        if self.n_pending > MAX_PENDING_VALUES:
            self.total()

    def total(self) -> Counts:
        """Return the sum of all entries."""
        rows, columns, values = (np.concatenate(each) for each in zip(_NOTHING, *self.pending, strict=True))
        new = sparse.csr_matrix((values, (rows, columns)), shape=self.shape, dtype=np.float32)
        self.summed = new if self.summed is None else sparse.csr_matrix(self.summed + new)
        self.pending, self.n_pending = [], 0
        return self.summed


@dataclass(frozen=True)
class _Senders:
    """Counts that leave the cells of a block: rows and class of the cells, and cell, gene and amount of each entry."""

    rows: Codes
    best: Codes
    cell: Codes
    gene: Codes
    amount: Floats


def foreign_probability(block: Block, mixture: Posterior, profiles: Floats) -> Floats:
    """Return the probability that a count of a gene came from a neighbour of another type, cells x genes."""
    nearby = block.composition.astype(np.float64) @ profiles
    result = np.zeros_like(nearby)
    for j in range(block.candidates.shape[1]):
        profile = profiles[block.candidates[:, j]]
        foreign = np.maximum(nearby - (1 - block.foreign[:, j, None]) * profile, 0)
        for s, share in enumerate(SHARES[1:], start=1):
            weight = (mixture.classes[:, j] * mixture.shares[:, j, s])[:, None]
            result += weight * share * foreign / ((1 - share) * profile + share * nearby)
    return result


def _to_neighbours(spill_over: SpillOver, senders: _Senders) -> tuple[Codes, Codes, Floats]:
    """Divide what leaves over the neighbours.

    Returns
    -------
    The receiving cells, the entry of `senders` that each part comes from, and the amounts.
    """
    slots = spill_over.neighbours.indices[senders.rows]
    weights = _weights(spill_over, senders, slots)
    n, k = weights.shape
    return slots[senders.cell].ravel(), np.repeat(np.arange(n), k), (weights * senders.amount[:, None]).ravel()


def _weights(spill_over: SpillOver, senders: _Senders, slots: Codes) -> Floats:
    """Return the share of each neighbour in each entry: by distance, and by what it expresses beside the own type."""
    profiles, own_class = spill_over.fit.profiles, senders.best[senders.cell]
    weights = np.empty((len(senders.cell), slots.shape[1]))
    for m in range(slots.shape[1]):
        probabilities = spill_over.cells.probabilities[slots[:, m]].astype(np.float32, copy=False)
        expressed = (probabilities @ profiles)[senders.cell, senders.gene]
        from_type = probabilities[senders.cell, own_class] * profiles[own_class, senders.gene]
        near = spill_over.neighbours.weights[senders.rows, m][senders.cell]
        weights[:, m] = near * np.maximum(expressed - from_type, 1e-12)
    result: Floats = weights / weights.sum(axis=1, keepdims=True)
    return result
