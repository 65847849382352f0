"""Preview the training cells for a dry run: their rows of obs, and which of them have counts on the panel.

The counts of a few cells per label are read, and of all its cells only where these have none.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray

from spatialcore.annotation.config import TrainingConfig
from spatialcore.annotation.references.cells import read_obs, require_two_types
from spatialcore.annotation.references.choice import choose_cells, excluded_labels, inspect_references, joined_obs
from spatialcore.annotation.references.genes import shared_genes
from spatialcore.annotation.references.reference import Reference
from spatialcore.annotation.references.species import match_species
from spatialcore.columns import ONTOLOGY_ID, ORIGINAL_LABEL
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.types import Floats, Ints

FEW_CELLS = 20  # of each label
BLOCK_CELLS = 20_000


def preview_cells(config: TrainingConfig, panel: Sequence[str] | None) -> tuple[AnnData, NDArray[np.bool_]]:
    """Return the cells that a run draws from the references, without a matrix, and which of them have counts.

    Parameters
    ----------
    config
        References and settings.
    panel
        Gene symbols of the panel. None: the genes are not looked at, and all cells count as having counts.

    Raises
    ------
    InputError, LabelColumnError, GeneOverlapError, SpeciesError, NormalizationError
        As a run raises them.
    """
    seed = config.random_state
    references = inspect_references(config.references, config.column_of_each(), None, seed)
    positions: list[list[Ints]] | None = None
    if panel is not None:
        match_species(references, panel, config.species, config.orthologs)
        positions = shared_genes(references, list(panel), config.min_gene_overlap_pct)[1]
    choose_cells(
        references,
        config.max_cells_per_ref,
        config.min_cells_per_type,
        excluded=excluded_labels(config.exclude_labels),
        uninformative=config.drop_uninformative_labels,
        random_state=seed,
        validate=False,
    )
    require_two_types(references)
    frames = [read_obs(reference) for reference in references]
    has_counts = [
        np.ones(len(frame), dtype=bool) if positions is None else _have_counts(reference, frame, positions[i], seed)
        for i, (reference, frame) in enumerate(zip(references, frames, strict=True))
    ]
    obs = joined_obs(frames)
    return AnnData(obs=obs), np.concatenate(has_counts)


def _have_counts(reference: Reference, obs: pd.DataFrame, positions: list[Ints], seed: int) -> NDArray[np.bool_]:
    """Return which cells are known to have counts: at least one of each label and id that has any."""
    features = np.concatenate(positions)
    if reference.profiles is not None:
        cells = reference.profiles.cells()[reference.rows]
        return _sums(reference.profiles.draw(cells, features, seed)) > 0
    names = [name for name in (ORIGINAL_LABEL, ONTOLOGY_ID) if name in obs]
    label = obs.groupby(names, observed=True, dropna=False, sort=False).ngroup().to_numpy()
    rank = pd.Series(label).groupby(label).cumcount().to_numpy()
    has_counts = np.zeros(len(obs), dtype=bool)
    with AnnDataFile(reference.path) as file:
        matrix = file.matrix(reference.expression.source)

        def read(cells: Ints) -> None:
            for at in (cells[first : first + BLOCK_CELLS] for first in range(0, len(cells), BLOCK_CELLS)):
                has_counts[at] = _sums(matrix.take(reference.rows[at], features)) > 0

        read(np.flatnonzero(rank < FEW_CELLS))
        read(np.flatnonzero((rank >= FEW_CELLS) & ~np.isin(label, label[has_counts])))
    return has_counts


def _sums(values: sp.csr_matrix) -> Floats:
    return np.asarray(abs(values).sum(axis=1), dtype=np.float64).ravel()
