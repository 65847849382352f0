"""Several references become one set of training cells: one scale, one set of genes, clean labels, all accounted for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.annotation.labels import (
    DEFAULT_EXCLUDE_LABELS,
    Finding,
    check_labels,
    curated_ids,
    raise_on_findings,
)
from spatialcore.annotation.loading import Features, no_shared_genes, read_counts
from spatialcore.annotation.sampling import draw_stratified, stratified_sizes
from spatialcore.columns import COUNTS, ONTOLOGY_ID, ORIGINAL_LABEL, REFERENCE_SOURCE, REFERENCES_MANIFEST
from spatialcore.core.anndata_file import AnnDataFile
from spatialcore.core.genes import symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.matrix import Ints
from spatialcore.core.normalization import Status, log1p_normalize
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import GeneOverlapError, InputError

__all__ = ["DEFAULT_EXCLUDE_LABELS", "combine_references"]

log = get_logger(__name__)

DEFAULT_CACHE = Path("~/.spatialcore/cache/references")


@dataclass
class Reference:
    """One reference on its way: what was asked, what was found, what is kept."""

    uri: str
    path: Path
    source: str
    label_column: str
    labels: pd.Categorical
    features: Features
    status: Status
    n_cells: int
    has_ids: bool
    dropped: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    rows: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    counts_kind: str = ""


def combine_references(
    reference_paths: Sequence[str | Path],
    label_columns: Sequence[str],
    output_column: str = ORIGINAL_LABEL,
    max_cells_per_ref: int = 100_000,
    target_genes: Sequence[str] | None = None,
    normalize_data: bool = True,
    random_state: int = 42,
    validate_labels: bool = True,
    min_cells_per_type: int = 10,
    strict_validation: bool = False,
    cache_dir: Path | None = None,
    exclude_labels: Sequence[str] | None = None,
    filter_min_cells: bool = True,
    *,
    min_gene_overlap_pct: float = 25.0,
    unsafe_force: bool = False,
    checksum: bool = True,
) -> AnnData:
    """Read the cells to train on from one or more references, however large, and bring them to one scale.

    Only the drawn cells and only the wanted genes are read, in blocks. The draw is stratified by label. Genes are
    matched by symbol, by Ensembl id, and under former names; features of one gene are summed.

    Parameters
    ----------
    reference_paths
        h5ad files or zarr stores: local paths, or URIs that are fetched to ``cache_dir`` first.
    label_columns
        The obs column with the cell type: one per reference, or one for all.
    output_column
        Where the label goes in the result.
    max_cells_per_ref
        Most cells drawn from each reference; a type that has ``min_cells_per_type`` keeps that many.
    target_genes
        The panel, as symbols or Ensembl ids. The genes that all references share with it are kept. None keeps all
        genes that all references share.
    normalize_data
        True: X is log1p(10,000 over the kept genes). False: X holds counts.
    random_state
        Seed of the draw.
    validate_labels
        Look the label columns over (see Notes).
    min_cells_per_type
        Types with fewer cells over all references are left out when ``filter_min_cells``.
    strict_validation
        Make an error of what is otherwise a warning about a label column.
    cache_dir
        Where URIs are fetched to; by default ``~/.spatialcore/cache/references``.
    exclude_labels
        Labels to leave out, matched exactly; None for DEFAULT_EXCLUDE_LABELS, [] for none.
    filter_min_cells
        False keeps small types and warns.
    min_gene_overlap_pct
        The least share of ``target_genes`` that all references must have.
    unsafe_force
        Accept a reference that holds neither counts nor log1p(10,000): its counts are then guessed.
    checksum
        Note the sha256 of every file in the manifest.

    Returns
    -------
    AnnData
        X CSR float32; ``layers["counts"]`` always (true, recovered or pseudo-counts: the manifest says which);
        obs ``output_column`` and ``reference_source``, and ``cell_type_ontology_term_id`` where a reference curates
        it; ``uns["spatialcore_references"]``, the manifest: a JSON list with one object per reference that says what
        was read, what was left out and why.

    Raises
    ------
    InputError
        A value makes no sense, a file is damaged, or no cell is left.
    LabelColumnError, GeneOverlapError, NormalizationError, FileMissingError
        As their names say; each names the reference.

    Notes
    -----
    Findings about a label column, each in the manifest: cells without a label, labels that are no texts, that are
    numbers, that are Cell Ontology ids, or that differ only in case; types below ``min_cells_per_type``; more than 500
    types. One type alone over all references is an error.
    """
    columns = _check_values(reference_paths, label_columns, max_cells_per_ref, min_cells_per_type, min_gene_overlap_pct)
    wanted = _wanted_genes(target_genes)
    excluded = _excluded(exclude_labels)
    uris = [str(path) for path in reference_paths]
    paths = [_local(uri, cache_dir) for uri in uris]
    references = [
        _inspect(uri, path, source, column, random_state)
        for uri, path, source, column in zip(uris, paths, source_names(paths), columns, strict=True)
    ]
    genes, positions = _shared_genes(references, wanted, min_gene_overlap_pct)
    for reference in references:
        _drop_labels(reference, excluded)
        if validate_labels:
            reference.findings += check_labels(reference.labels, reference.label_column, min_cells_per_type)
        _draw(reference, max_cells_per_ref, min_cells_per_type, random_state)
    _drop_rare(references, min_cells_per_type, filter_min_cells)
    if validate_labels:
        raise_on_findings(
            [(reference.source, reference.findings) for reference in references], strict=strict_validation
        )
        _require_two_types(references)
    parts = [_read(reference, at, unsafe_force) for reference, at in zip(references, positions, strict=True)]
    counts = sp.vstack([part for part, _ in parts], format="csr")
    obs = _obs([frame for _, frame in parts], output_column)
    combined = AnnData(
        log1p_normalize(counts) if normalize_data else counts.copy(),
        obs,
        pd.DataFrame(index=pd.Index(genes, dtype=object)),
    )
    combined.layers[COUNTS] = counts
    manifest = [_manifest(reference, genes, wanted, checksum) for reference in references]
    combined.uns[REFERENCES_MANIFEST] = json.dumps(manifest)
    log.info("combined %d references: %d cells, %d genes", len(references), combined.n_obs, combined.n_vars)
    return combined


def _check_values(paths: Any, columns: Any, max_cells: int, min_cells: int, overlap: float) -> list[str]:
    for name, value in (("reference_paths", paths), ("label_columns", columns)):
        if isinstance(value, str | Path):
            raise InputError(f"{name} is the single text {str(value)!r}, wanted a list", hint=f"write [{str(value)!r}]")
        if len(value) == 0:
            raise InputError(f"{name} is empty", hint="pass at least one")
    if len(columns) not in (1, len(paths)):
        raise InputError(
            f"label_columns has {len(columns)} entries for {len(paths)} references",
            hint="give one for each, or one for all",
        )
    if max_cells < 1 or min_cells < 0:
        raise InputError(
            f"max_cells_per_ref is {max_cells} (wanted 1 or more), min_cells_per_type {min_cells} (0 or more)",
            hint="the defaults are 100000 and 10",
        )
    if not 0 <= overlap <= 100:
        raise InputError(f"min_gene_overlap_pct is {overlap}, wanted 0 to 100", hint="25 is the default")
    return [str(column) for column in columns] * (len(paths) if len(columns) == 1 else 1)


def _wanted_genes(genes: Sequence[str] | None) -> list[str] | None:
    if genes is None:
        return None
    if isinstance(genes, str) or len(genes) == 0:
        raise InputError("target_genes wants a list of genes", hint="target_genes=get_panel_genes(adata)")
    return list(dict.fromkeys(symbols_of([str(gene) for gene in genes])))


def _excluded(labels: Sequence[str] | None) -> list[str]:
    if isinstance(labels, str):
        raise InputError(f"exclude_labels is the single text {labels!r}", hint=f"write [{labels!r}]")
    return list(DEFAULT_EXCLUDE_LABELS) if labels is None else [str(label) for label in labels]


def _local(uri: str, cache_dir: Path | None) -> Path:
    if "://" not in uri:
        return Path(uri).expanduser()
    from spatialcore.annotation.acquisition import resolve_uri_to_local

    return resolve_uri_to_local(uri, (cache_dir or DEFAULT_CACHE).expanduser())


def source_names(paths: Sequence[Path]) -> list[str]:
    """Name every reference by its file, with as many parent folders as it takes to tell all apart.

    Examples
    --------
    >>> source_names([Path("a/ref.h5ad"), Path("b/ref.h5ad"), Path("b/lung.h5ad")])
    ['a/ref', 'b/ref', 'lung']
    """
    parts = [(*path.resolve().parts[1:-1], path.name.removesuffix(".zip").rsplit(".", 1)[0]) for path in paths]
    names = [own[-1] for own in parts]
    depth = 1
    while len(set(names)) < len(names) and depth < max(map(len, parts)):
        depth += 1
        twice = {name for name in names if names.count(name) > 1}
        names = ["/".join(own[-depth:]) if name in twice else name for own, name in zip(parts, names, strict=True)]
    return [name if names.count(name) == 1 else f"{name}#{names[:i].count(name) + 1}" for i, name in enumerate(names)]


def _inspect(uri: str, path: Path, source: str, column: str, random_state: int) -> Reference:
    with AnnDataFile(path) as file:
        if file.n_obs == 0 or file.n_vars == 0:
            raise InputError(f"{path} holds {file.n_obs} cells and {file.n_vars} genes", hint="pass a file with both")
        labels = file.labels(column)
        status = file.status(random_state)
        features = Features.of(file, status["raw_source"] or "X")
        return Reference(
            uri, path, source, column, labels, features, status, file.n_obs, ONTOLOGY_ID in file.obs_columns
        )


def _shared_genes(
    references: list[Reference], wanted: list[str] | None, least_pct: float
) -> tuple[list[str], list[list[Ints]]]:
    """Return the genes that all references have, and where each reference has them."""
    asked = references[0].features.select(None, references[0].source)[0] if wanted is None else wanted
    found = [reference.features.positions(asked) for reference in references]
    there = np.array([[len(at) > 0 for at in positions] for positions in found])
    for reference, own in zip(references, there, strict=True):
        if not own.any():
            raise no_shared_genes(reference.source, reference.features.symbols, asked)
    shared = there.all(axis=0)
    pct = 100 * shared.mean()
    if not shared.any() or (wanted is not None and pct < least_pct):
        raise _too_few(references, there, least_pct)
    kept = np.flatnonzero(shared)
    return [asked[i] for i in kept], [[positions[i] for i in kept] for positions in found]


def _too_few(references: list[Reference], there: np.ndarray, least_pct: float) -> GeneOverlapError:
    each = ", ".join(f"{r.source} {own.sum()}" for r, own in zip(references, there, strict=True))
    shared, wanted = int(there.all(axis=0).sum()), there.shape[1]
    worst = int(there.sum(axis=1).argmin())
    without = np.delete(there, worst, axis=0)
    rest = int(without.all(axis=0).sum()) if len(without) else 0
    if len(references) > 1 and rest > shared:
        hint = f"drop {references[worst].source}: the others share {rest} of {wanted}"
    else:
        hint = "pass a reference of the same species and genome, or lower min_gene_overlap_pct"
    return GeneOverlapError(
        f"the references share {shared} of {wanted} wanted genes ({100 * shared / wanted:.1f} %), "
        f"wanted at least {least_pct:g} % (each alone: {each})",
        hint=hint,
    )


def _drop_labels(reference: Reference, excluded: list[str]) -> None:
    """Take out cells without a label and cells whose label is excluded, before any is drawn."""
    labels = reference.labels
    n_missing = int((labels.codes < 0).sum())
    if n_missing:
        reference.dropped.append({"label": None, "reason": "no label", "n_cells": n_missing})
    counts = labels.value_counts()
    gone = [label for label in labels.categories if label in set(excluded)]
    reference.dropped += [
        {"label": label, "reason": "excluded label", "n_cells": int(counts[label])} for label in gone if counts[label]
    ]
    reference.labels = labels.remove_categories(gone).remove_unused_categories()
    if len(reference.labels.categories) == 0:
        raise InputError(
            f"no labelled cell is left in {reference.source}: column '{reference.label_column}' holds only "
            f"{', '.join(map(repr, gone[:5])) or 'missing values'}",
            hint="pass another label column, or exclude_labels=[]",
        )


def _draw(reference: Reference, max_cells: int, floor: int, random_state: int) -> None:
    labels = reference.labels
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.categories))
    sizes = stratified_sizes(counts, max_cells, floor)
    reference.rows = draw_stratified(labels, sizes, np.random.default_rng(random_state))


def _drop_rare(references: list[Reference], least: int, remove: bool) -> None:
    """Leave out types with few cells over all references."""
    drawn = pd.concat([pd.Series(_drawn(reference)).value_counts() for reference in references])
    totals = drawn.groupby(level=0, observed=True).sum()
    rare = [str(label) for label, n in totals.items() if n < least]
    if rare and not remove:
        log.warning("%d types have fewer than %d cells and are kept: %s", len(rare), least, ", ".join(rare[:10]))
    if not rare or not remove:
        return
    log.warning("%d types with fewer than %d cells are left out: %s", len(rare), least, ", ".join(rare[:10]))
    for reference in references:
        labels = _drawn(reference)
        gone = labels.isin(rare)
        reference.dropped += [
            {"label": str(label), "reason": f"fewer than {least} cells", "n_cells": int(n)}
            for label, n in pd.Series(labels[gone]).value_counts().items()
            if n
        ]
        reference.rows = reference.rows[~gone]
    if not any(len(reference.rows) for reference in references):
        raise InputError(f"no cell type has {least} cells", hint="lower min_cells_per_type, or filter_min_cells=False")


def _drawn(reference: Reference) -> pd.Categorical:
    return reference.labels[reference.rows]


def _require_two_types(references: list[Reference]) -> None:
    types = sorted({str(label) for reference in references for label in _drawn(reference).unique()})
    if len(types) < 2:
        raise InputError(
            f"only one cell type is left: {types[0]!r}; a classifier needs two",
            hint="add a reference with other types, or lower min_cells_per_type",
        )


def _read(reference: Reference, positions: list[Ints], unsafe_force: bool) -> tuple[sp.csr_matrix, pd.DataFrame]:
    with AnnDataFile(reference.path) as file:
        counts, kind = read_counts(file, reference.status, reference.rows, positions, unsafe_force=unsafe_force)
        obs = file.obs(reference.rows, [ONTOLOGY_ID] if reference.has_ids else [])
    reference.counts_kind = kind
    frame = pd.DataFrame(index=obs.index)
    frame[ORIGINAL_LABEL] = np.asarray(_drawn(reference).astype(object))
    frame[REFERENCE_SOURCE] = reference.source
    if reference.has_ids:
        frame[ONTOLOGY_ID], found = curated_ids(obs[ONTOLOGY_ID])
        reference.findings += found
    return counts, frame


def _obs(frames: list[pd.DataFrame], output_column: str) -> pd.DataFrame:
    obs = pd.concat(frames)
    names = pd.Index([f"{name}-{source}" for name, source in zip(obs.index, obs[REFERENCE_SOURCE], strict=True)])
    obs.index = _unique_names(names)
    if ONTOLOGY_ID in obs:
        obs[ONTOLOGY_ID] = pd.Categorical(obs[ONTOLOGY_ID].astype(object).where(obs[ONTOLOGY_ID].notna(), ""))
    for column in (ORIGINAL_LABEL, REFERENCE_SOURCE):
        obs[column] = pd.Categorical(obs[column])
    return obs.rename(columns={ORIGINAL_LABEL: output_column})


def _unique_names(names: pd.Index) -> pd.Index:
    """Number the cells that bear one name."""
    if names.is_unique:
        return names
    repeat = pd.Series(np.arange(len(names))).groupby(names.to_numpy()).cumcount()
    return pd.Index([f"{name}-{n}" if n else str(name) for name, n in zip(names, repeat, strict=True)])


def _manifest(reference: Reference, genes: list[str], wanted: list[str] | None, checksum: bool) -> dict[str, Any]:
    status = reference.status
    is_file = reference.path.is_file()
    kept = pd.Series(_drawn(reference).astype(str)).value_counts()
    return {
        "uri": reference.uri,
        "path": str(reference.path),
        "source": reference.source,
        "label_column": reference.label_column,
        "size": reference.path.stat().st_size if is_file else None,
        "sha256": sha256_of_file(reference.path) if checksum and is_file else None,
        "n_cells": reference.n_cells,
        "n_kept": len(reference.rows),
        "kept": {str(label): int(n) for label, n in kept.items()},
        "dropped": reference.dropped,
        "genes_wanted": None if wanted is None else len(wanted),
        "genes_kept": len(genes),
        "genes_missing": [] if wanted is None else reference.features.missing(wanted),
        "counts": {"source": status["raw_source"] or "X", "kind": reference.counts_kind},
        "x_state": status["x_state"],
        "x_target_sum": status["x_target_sum"],
        "findings": [finding.as_dict() for finding in reference.findings],
    }
