"""Exclude, draw and read the cells of each reference."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp

from spatialcore.annotation.loading import read_counts
from spatialcore.annotation.references.features import fold
from spatialcore.annotation.references.labels import curated_ids
from spatialcore.annotation.references.profiles import Profiles
from spatialcore.annotation.references.reference import Reference
from spatialcore.annotation.references.uninformative import is_uninformative
from spatialcore.annotation.taxonomy import levels_of
from spatialcore.annotation.training.validation.folds import donor_column
from spatialcore.columns import (
    KIND_PROFILES,
    ONTOLOGY_ID,
    ORIGINAL_LABEL,
    REFERENCE_DONOR,
    REFERENCE_KIND,
    REFERENCE_SOURCE,
)
from spatialcore.core.logging import get_logger
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.sampling import draw_stratified, stratified_sizes
from spatialcore.core.text.wording import list_names, number_of
from spatialcore.core.types import Ints
from spatialcore.errors import InputError

log = get_logger(__name__)

NO_TYPE = "label names no cell type"


def drop_labels(reference: Reference, excluded: list[str], *, uninformative: bool = False) -> None:
    """Remove cells without a label and cells with an excluded label, before cells are drawn.

    ``uninformative``: also those whose label names no cell type, see :func:`is_uninformative`.
    """
    labels = reference.labels
    n_missing = int((labels.codes < 0).sum())
    if n_missing:
        reference.dropped.append({"label": None, "reason": "no label", "n_cells": n_missing})
    counts = labels.value_counts()
    reasons = reasons_to_drop(list(labels.categories), excluded, uninformative=uninformative)
    removed = list(reasons)
    reference.dropped += [
        {"label": label, "reason": reason, "n_cells": int(counts[label])}
        for label, reason in reasons.items()
        if counts[label]
    ]
    _log_uninformative(reference)
    reference.labels = labels.remove_categories(removed).remove_unused_categories()
    if len(reference.labels.categories) == 0:
        raise no_label_left(reference.path.name, reference.label_column, removed)


def reasons_to_drop(labels: Iterable[str], excluded: Sequence[str], *, uninformative: bool) -> dict[str, str]:
    """Return the labels whose cells are left out, and why."""
    listed = set(excluded)
    reasons = {label: "excluded label" for label in labels if label in listed}
    if uninformative:
        reasons |= {label: NO_TYPE for label in labels if label not in reasons and is_uninformative(label)}
    return reasons


def no_label_left(name: str, column: str, dropped: Sequence[str]) -> InputError:
    """Return the error for a column in which no label is left."""
    return InputError(
        f"no labelled cell is left in {name}: column '{column}' holds only "
        f"{list_names(map(repr, dropped), 5) or 'missing values'}",
        hint="pass another label column, or exclude_labels=[] and drop_uninformative_labels=False",
    )


def _log_uninformative(reference: Reference) -> None:
    left_out = [entry for entry in reference.dropped if entry["reason"] == NO_TYPE]
    if left_out:
        log.warning(
            "%s: left out %s whose label names no cell type: %s",
            reference.source,
            number_of(sum(entry["n_cells"] for entry in left_out), "cell"),
            list_names((f"{_shown(entry['label'])} ({entry['n_cells']})" for entry in left_out), 10),
        )


def _shown(label: str) -> str:
    """Return a label, in quotes if it would not be visible."""
    return label if label.strip() else repr(label)


def draw_cells(reference: Reference, max_cells: int, floor: int, random_state: int) -> None:
    """Choose the cells to read: in proportion to the labels, no type falling below the floor."""
    labels = reference.labels
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.categories))
    sizes = stratified_sizes(counts, max_cells, floor)
    reference.rows = draw_stratified(labels, sizes, np.random.default_rng(random_state))


def drop_rare_types(references: list[Reference], minimum: int, remove: bool) -> None:
    """Leave out types with few cells over all references."""
    drawn = pd.concat([pd.Series(reference.drawn).value_counts() for reference in references])
    totals = drawn.groupby(level=0, observed=True).sum()
    rare = [str(label) for label, n in totals.items() if n < minimum]
    if not rare:
        return
    listed = list_names((f"{label} ({totals[label]})" for label in rare), 10)
    if not remove:
        log.warning(
            "labels with fewer than %d cells are not left out yet, because several labels may be one class: %s",
            minimum,
            listed,
        )
        return
    log.warning("types with fewer than %d cells are left out: %s", minimum, listed)
    for reference in references:
        _leave_out(reference, rare, f"fewer than {minimum} cells")
    if not any(len(reference.rows) for reference in references):
        raise _no_type_left(references, minimum)


def _leave_out(reference: Reference, types: list[str], reason: str) -> None:
    """Remove the cells of these types from the drawn cells, and record them."""
    labels = reference.drawn
    is_removed = labels.isin(types)
    reference.dropped += [
        {"label": str(label), "reason": reason, "n_cells": int(n)}
        for label, n in pd.Series(labels[is_removed]).value_counts().items()
        if n
    ]
    reference.rows = reference.rows[~is_removed]


def _no_type_left(references: list[Reference], minimum: int) -> InputError:
    n_labels = ", ".join(
        f"{each.label_column!r} of {each.source}: {len(each.labels.categories)}" for each in references
    )
    return InputError(
        f"no cell type has {minimum} cells (different labels in {n_labels})",
        hint="name the column of cell types, lower min_cells_per_type, or pass filter_min_cells=False",
    )


def require_two_types(references: list[Reference]) -> None:
    """Raise if the references have a single type: a classifier needs two."""
    require_two({str(label) for reference in references for label in reference.drawn.unique()})


def require_two(types: Collection[str]) -> None:
    """Raise if there are fewer than two types."""
    if len(types) < 2:
        raise InputError(
            f"only one cell type is left: {next(iter(types), '')!r}; a classifier needs two",
            hint="add a reference with other types, or lower min_cells_per_type",
        )


def read_cells(
    reference: Reference, positions: list[Ints], unsafe_force: bool, random_state: int
) -> tuple[sp.csr_matrix, pd.DataFrame]:
    """Return counts of the drawn cells (cells x genes), and their rows of obs (:func:`read_obs`).

    Parameters
    ----------
    reference
        A reference whose cells are chosen; the kind of its counts is noted.
    positions
        Per gene, its features in the reference.
    unsafe_force
        Accept pseudo-counts from a matrix whose scale is not verified.
    random_state
        Seed of cells that are drawn around profiles.
    """
    if reference.profiles is not None:
        reference.counts_kind = "drawn"
        cells = reference.profiles.cells()[reference.rows]
        counts = fold(reference.profiles.draw(cells, np.concatenate(positions), random_state), positions)
        return counts, read_obs(reference)
    with AnnDataFile(reference.path) as file:
        counts, kind = read_counts(file, reference.expression, reference.rows, positions, unsafe_force=unsafe_force)
    reference.counts_kind = kind
    return counts, read_obs(reference)


def read_obs(reference: Reference) -> pd.DataFrame:
    """Return label, source, donor, curated ids and levels of the drawn cells; findings about the ids are noted."""
    if reference.profiles is not None:
        return _obs_of_profiles(reference, reference.profiles)
    with AnnDataFile(reference.path) as file:
        donor = donor_column(file.obs_columns)
        names = [ONTOLOGY_ID if reference.has_ids else None, donor, *reference.levels]
        obs = file.obs(reference.rows, list(dict.fromkeys(name for name in names if name)))
    frame = _labelled(reference, obs.index).assign(**levels_of(obs, reference.levels))
    if donor:
        frame[REFERENCE_DONOR] = [f"{reference.source}: {name}" for name in obs[donor].astype(object)]
    if reference.has_ids:
        frame[ONTOLOGY_ID], id_findings = curated_ids(obs[ONTOLOGY_ID])
        reference.findings += id_findings
    return frame


def _obs_of_profiles(reference: Reference, profiles: Profiles) -> pd.DataFrame:
    frame = _labelled(reference, pd.Index([f"drawn{row}" for row in reference.rows], dtype=object))
    frame[REFERENCE_KIND] = KIND_PROFILES
    names = pd.DataFrame(profiles.levels).iloc[profiles.cells()[reference.rows]] if profiles.levels else pd.DataFrame()
    return frame.assign(**{name: list(column) for name, column in levels_of(names, reference.levels).items()})


def _labelled(reference: Reference, names: pd.Index) -> pd.DataFrame:
    frame = pd.DataFrame(index=names)
    frame[ORIGINAL_LABEL] = np.asarray(reference.drawn.astype(object))
    frame[REFERENCE_SOURCE] = reference.source
    return frame
