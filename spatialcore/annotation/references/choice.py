"""Choose the cells of the references, and join their rows of obs. A run and a dry run choose the same cells."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from spatialcore.annotation.loading import local_path
from spatialcore.annotation.references.cells import draw_cells, drop_labels
from spatialcore.annotation.references.labels import DEFAULT_EXCLUDE_LABELS, check_labels
from spatialcore.annotation.references.reference import Reference, inspect_reference, source_names
from spatialcore.columns import (
    KIND_CELLS,
    KIND_PROFILES,
    ONTOLOGY_ID,
    ORIGINAL_LABEL,
    REFERENCE_DONOR,
    REFERENCE_KIND,
    REFERENCE_LEVEL,
    REFERENCE_SOURCE,
)
from spatialcore.errors import InputError


def inspect_references(
    uris: Sequence[str],
    columns: Sequence[str],
    cache_dir: Path | None,
    random_state: int,
    *,
    unsafe_force: bool = False,
) -> list[Reference]:
    """Fetch the references and read labels, features and the state of their matrices; see `inspect_reference`."""
    paths = [local_path(uri, cache_dir) for uri in uris]
    return [
        inspect_reference(uri, path, source, column, random_state, unsafe_force=unsafe_force)
        for uri, path, source, column in zip(uris, paths, source_names(paths), columns, strict=True)
    ]


def choose_cells(
    references: Sequence[Reference],
    max_cells_per_ref: int,
    min_cells_per_type: int,
    *,
    excluded: list[str],
    uninformative: bool,
    random_state: int,
    validate: bool = True,
) -> None:
    """Leave out cells without a usable label and draw the cells to read, in place.

    Parameters
    ----------
    references
        Inspected references.
    max_cells_per_ref, min_cells_per_type, random_state
        As in :func:`combine_references`.
    excluded
        Labels to leave out.
    uninformative
        Whether labels that name no cell type are left out, too.
    validate
        Note findings about the label columns.

    Raises
    ------
    InputError
        A reference has no labelled cell left.
    """
    for reference in references:
        drop_labels(reference, excluded, uninformative=uninformative)
        if validate:
            reference.findings += check_labels(reference.labels, reference.label_column, min_cells_per_type)
        draw_cells(reference, max_cells_per_ref, min_cells_per_type, random_state)


def excluded_labels(labels: Sequence[str] | None) -> list[str]:
    """Return the labels to leave out: None stands for DEFAULT_EXCLUDE_LABELS.

    Raises
    ------
    InputError
        The argument is one text, not a list.
    """
    if isinstance(labels, str):
        raise InputError(f"exclude_labels is the string {labels!r}", hint=f"write [{labels!r}]")
    return list(DEFAULT_EXCLUDE_LABELS) if labels is None else [str(label) for label in labels]


def joined_obs(frames: Sequence[pd.DataFrame], output_column: str = ORIGINAL_LABEL) -> pd.DataFrame:
    """Return one obs of the cells of all references, under unique names."""
    obs = pd.concat(frames)
    names = pd.Index([f"{name}-{source}" for name, source in zip(obs.index, obs[REFERENCE_SOURCE], strict=True)])
    obs.index = _unique_names(names)
    if ONTOLOGY_ID in obs:
        obs[ONTOLOGY_ID] = pd.Categorical(obs[ONTOLOGY_ID].astype(object).where(obs[ONTOLOGY_ID].notna(), ""))
    if REFERENCE_KIND in obs:
        obs[REFERENCE_KIND] = pd.Categorical(obs[REFERENCE_KIND].fillna(KIND_CELLS), [KIND_CELLS, KIND_PROFILES])
    if REFERENCE_DONOR in obs:  # a reference without donors counts as one donor
        obs[REFERENCE_DONOR] = obs[REFERENCE_DONOR].where(obs[REFERENCE_DONOR].notna(), obs[REFERENCE_SOURCE])
    others = [name for name in obs if name == REFERENCE_DONOR or str(name).startswith(REFERENCE_LEVEL)]
    for column in (ORIGINAL_LABEL, REFERENCE_SOURCE, *others):
        obs[column] = pd.Categorical(obs[column])
    return obs.rename(columns={ORIGINAL_LABEL: output_column})


def _unique_names(names: pd.Index) -> pd.Index:
    """Make cell names unique by adding numbers."""
    if names.is_unique:
        return names
    repeat = pd.Series(np.arange(len(names))).groupby(names.to_numpy()).cumcount()
    return pd.Index([f"{name}-{n}" if n else str(name) for name, n in zip(names, repeat, strict=True)])
