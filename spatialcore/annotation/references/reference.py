"""One reference of a training set: its labels, features and drawn cells, and its entry in the manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from spatialcore.annotation.acquisition import provenance_of
from spatialcore.annotation.expression.find import ExpressionSource, find_expression, unverified
from spatialcore.annotation.references.features import Features
from spatialcore.annotation.references.labels import Finding
from spatialcore.annotation.references.profile_files import has_profiles, read_profiles
from spatialcore.annotation.references.profiles import Profiles
from spatialcore.annotation.references.tissue_check import tissues_of
from spatialcore.columns import ONTOLOGY_ID
from spatialcore.core.genes.species import Species
from spatialcore.core.normalization import Status
from spatialcore.core.on_disk.anndata_file import AnnDataFile
from spatialcore.core.provenance import sha256_of_file
from spatialcore.core.types import Ints, JsonObject
from spatialcore.errors import InputError, LabelColumnError
from spatialcore.storage.secrets import redact


@dataclass
class Reference:
    """One reference: location, labels, features, and the rows of the cells that are drawn from it."""

    uri: str
    path: Path
    source: str
    label_column: str
    labels: pd.Categorical
    features: Features
    expression: ExpressionSource
    n_cells: int
    has_ids: bool
    dropped: list[JsonObject] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    counts_kind: str = ""
    tissues: dict[str, int] = field(default_factory=dict)
    species: Species | None = None
    orthologs: JsonObject | None = None
    profiles: Profiles | None = None
    levels: list[str] = field(default_factory=list)

    @property
    def drawn(self) -> pd.Categorical:
        """Labels of the drawn cells."""
        return self.labels[self.rows]


def source_names(paths: Sequence[Path]) -> list[str]:
    """Name every reference by its file, with as many parent folders as make all names different.

    Examples
    --------
    >>> source_names([Path("a/ref.h5ad"), Path("b/ref.h5ad"), Path("b/lung.h5ad")])
    ['a/ref', 'b/ref', 'lung']
    """
    path_parts = [(*path.resolve().parts[1:-1], path.name.removesuffix(".zip").rsplit(".", 1)[0]) for path in paths]
    names = [parents[-1] for parents in path_parts]
    depth = 1
    while len(set(names)) < len(names) and depth < max(map(len, path_parts)):
        depth += 1
        repeated = {name for name in names if names.count(name) > 1}
        names = [
            "/".join(parents[-depth:]) if name in repeated else name
            for parents, name in zip(path_parts, names, strict=True)
        ]
    return [name if names.count(name) == 1 else f"{name}#{names[:i].count(name) + 1}" for i, name in enumerate(names)]


def inspect_reference(
    uri: str, path: Path, source: str, column: str, random_state: int, *, unsafe_force: bool = False
) -> Reference:
    """Read labels, features and the state of the matrix, before cells are drawn.

    Raises
    ------
    NormalizationError
        The file has no usable expression, and ``unsafe_force`` is not set.
    """
    if has_profiles(path, column):
        return _of_profiles(uri, path, source, column)
    with AnnDataFile(path) as file:
        require_cells_and_genes(file)
        labels = file.labels(column)
        status = file.status(random_state) if unsafe_force else None
        expression = find_expression(file, path.name, random_state) if status is None else unverified(status)
        expression.warn(path.name)
        features = Features.of(file, expression.source)
        has_ids, tissues = ONTOLOGY_ID in file.obs_columns, tissues_of(file)
        return Reference(
            uri, path, source, column, labels, features, expression, file.n_obs, has_ids=has_ids, tissues=tissues
        )


def require_cells_and_genes(file: AnnDataFile) -> None:
    """Raise if a file has no cells or no features."""
    if file.n_obs == 0 or file.n_vars == 0:
        raise InputError(f"{file.path} holds {file.n_obs} cells and {file.n_vars} genes", hint="pass a file with both")


def require_reference(file: AnnDataFile) -> None:
    """Raise if a file cannot be a reference, whatever its labels: it has no cells, or no usable expression."""
    require_cells_and_genes(file)
    find_expression(file, file.path.name)


def drawn_counts() -> ExpressionSource:
    """Return the description of a matrix of drawn cells: counts."""
    status = Status(raw_source="X", x_state="raw", x_target_sum=None, is_usable=True, has_log1p_uns=False, stats={})
    return ExpressionSource("X", "counts", status)


def _of_profiles(uri: str, path: Path, source: str, column: str) -> Reference:
    """Return a reference of profiles; its cells are drawn when they are read."""
    profiles = read_profiles(path, column)
    cells = profiles.cells()
    labels = pd.Categorical(np.asarray(profiles.labels, dtype=object)[cells])
    return Reference(
        uri,
        path,
        source,
        column,
        labels,
        profiles.features,
        drawn_counts(),
        len(cells),
        has_ids=False,
        profiles=profiles,
    )


def find_levels(references: Sequence[Reference], requested: Sequence[str]) -> None:
    """Note which of the requested levels of a taxonomy each reference has.

    Raises
    ------
    LabelColumnError
        No reference has one of them.
    """
    offers = {each.source: _columns_of(each) for each in references} if requested else {}
    for reference in references:
        reference.levels = [level for level in requested if level in offers[reference.source]]
    error = missing_level(requested, offers)
    if error is not None:
        raise error


def missing_level(requested: Sequence[str], columns: Mapping[str, Sequence[str]]) -> LabelColumnError | None:
    """Return the error for the first level that no reference has; ``columns``: source -> the columns it has."""
    missing = [level for level in requested if not any(level in names for names in columns.values())]
    if not missing:
        return None
    listed = "; ".join(f"{source}: {', '.join(names[:20]) or 'none'}" for source, names in columns.items())
    return LabelColumnError(
        f"no reference has a column for the taxonomy level {missing[0]!r} ({listed})",
        hint="name obs columns, or levels of the taxonomy, of at least one reference",
    )


def _columns_of(reference: Reference) -> list[str]:
    if reference.profiles is not None:
        return list(reference.profiles.levels)
    with AnnDataFile(reference.path) as file:
        return file.obs_columns


def describe_reference(
    reference: Reference, genes: list[str], target_genes: list[str] | None, checksum: bool
) -> JsonObject:
    """Return the reference's entry in the manifest: what was read, what was left out and why."""
    expression, status = reference.expression, reference.expression.status
    is_file = reference.path.is_file()
    n_per_label = pd.Series(reference.drawn.astype(str)).value_counts()
    return {
        "uri": redact(reference.uri),
        "path": str(reference.path),
        "source": reference.source,
        "label_column": reference.label_column,
        "tissues": reference.tissues,
        "species": reference.species,
        "orthologs": reference.orthologs,
        "profiles": None if reference.profiles is None else reference.profiles.origin,
        "size": reference.path.stat().st_size if is_file else None,
        "sha256": sha256_of_file(reference.path) if checksum and is_file else None,
        "n_cells": reference.n_cells,
        "n_kept": len(reference.rows),
        "kept": {str(label): int(n) for label, n in n_per_label.items()},
        "dropped": reference.dropped,
        "genes_wanted": None if target_genes is None else len(target_genes),
        "genes_kept": len(genes),
        "genes_missing": [] if target_genes is None else reference.features.missing(target_genes),
        "counts": {"source": expression.source, "kind": reference.counts_kind},
        "x_state": status["x_state"],
        "x_target_sum": status["x_target_sum"],
        "findings": [finding.as_dict() for finding in reference.findings],
        "origin": {name: entry for name, entry in provenance_of(reference.path).items() if name != "request"},
    }
