"""Combine references into one set of training cells: one scale, one set of genes, checked labels, a manifest."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore.annotation.references.cells import (
    drop_rare_types,
    read_cells,
    require_two_types,
)
from spatialcore.annotation.references.choice import (
    choose_cells,
    excluded_labels,
    inspect_references,
    joined_obs,
)
from spatialcore.annotation.references.features import requested_symbols
from spatialcore.annotation.references.genes import shared_genes
from spatialcore.annotation.references.labels import (
    DEFAULT_EXCLUDE_LABELS,
    raise_on_findings,
)
from spatialcore.annotation.references.reference import (
    describe_reference,
    find_levels,
)
from spatialcore.annotation.references.repeated import note_repeated_cells
from spatialcore.annotation.references.species import match_species
from spatialcore.columns import (
    COUNTS,
    ORIGINAL_LABEL,
    REFERENCES_MANIFEST,
)
from spatialcore.core.genes.species import SpeciesSetting
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.progress import track
from spatialcore.core.text.wording import number_of
from spatialcore.core.validation import require_list, require_whole, require_within
from spatialcore.errors import InputError

__all__ = ["DEFAULT_EXCLUDE_LABELS", "combine_references"]

log = get_logger(__name__)


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
    drop_uninformative_labels: bool = False,
    species: SpeciesSetting = "auto",
    orthologs: bool = False,
    taxonomy_levels: Sequence[str] = (),
) -> AnnData:
    """Combine cells of one or more references of any size on one scale, as training cells.

    Only the drawn cells and the target genes are read, in blocks. The draw is stratified by label. Genes are
    matched by symbol, by Ensembl id, and under former names; features of one gene are summed.

    Parameters
    ----------
    reference_paths
        h5ad files or zarr stores: local paths, or URIs that are fetched to ``cache_dir`` first. Also profiles, around
        which cells are drawn: see :mod:`spatialcore.annotation.references.profile_files`.
    label_columns
        The obs column with the cell type: one per reference, or one for all.
    output_column
        Where the label goes in the result.
    max_cells_per_ref
        Maximum number of cells drawn from each reference, with at least ``min_cells_per_type`` of each type that has
        as many.
    target_genes
        The panel, as symbols or Ensembl ids. The result has the genes that all references share with it; with None, all
        genes that the references share.
    normalize_data
        True: X is log1p(10,000 over the kept genes). False: X holds counts.
    random_state
        Seed of the draw.
    validate_labels
        Check the label columns (see Notes).
    min_cells_per_type
        Types with fewer cells over all references are left out when ``filter_min_cells``.
    strict_validation
        Make an error of what is otherwise a warning about a label column.
    cache_dir
        Where URIs are fetched to; by default ``~/.spatialcore/cache/references``.
    exclude_labels
        Labels to leave out, matched exactly; None for DEFAULT_EXCLUDE_LABELS, [] for none.
    filter_min_cells
        Leave out types with fewer cells than `min_cells_per_type`; False only warns.
    min_gene_overlap_pct
        Minimum share of ``target_genes`` that all references must have, in per cent.
    unsafe_force
        Accept a reference with neither counts nor log1p(10,000) values; its counts are then estimated.
    checksum
        Record the sha256 of each file in the manifest.
    drop_uninformative_labels
        Leave out cells whose label does not name a cell type, besides ``exclude_labels``: missing values as text,
        doublets, left-overs ("Other", "Mixed"), numbers of clusters; see :func:`is_uninformative`.
    species
        The species of ``target_genes``; "auto" reads it off their names.
    orthologs
        Accept references of the other species: their genes get the symbols of their one-to-one orthologs.
    taxonomy_levels
        Further label columns, such as class and subclass: kept as ``reference_level_<name>`` where a reference has
        them.

    Returns
    -------
    AnnData
        X CSR float32; ``layers["counts"]`` always (true, recovered or pseudo-counts: the manifest says which);
        obs ``output_column`` and ``reference_source``, ``reference_donor`` where a reference names donors or samples,
        ``reference_kind`` (cells or profiles) where cells were drawn around profiles, and
        ``cell_type_ontology_term_id`` where one curates it; ``uns["spatialcore_references"]``, the manifest: a JSON
        list with one object per reference that says what was read, what was left out and why.

    Raises
    ------
    InputError
        A value is invalid, a file is damaged, or no cell is left.
    LabelColumnError, GeneOverlapError, SpeciesError, NormalizationError, FileMissingError
        The error names the reference.

    Notes
    -----
    Findings about a label column, each in the manifest: cells without a label, labels that are not text, that are
    numbers, that are Cell Ontology ids, or that differ only in case; types below ``min_cells_per_type``; more than 500
    types. One type alone over all references is an error.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.demo import simulated_data
    >>> path = f"{tempfile.mkdtemp()}/reference.h5ad"
    >>> simulated_data()[1].write_h5ad(path)
    >>> combined = combine_references([path], ["cell_type"], target_genes=["CD3D", "MS4A1", "KIT", "DCN"])
    >>> combined.shape
    (240, 4)
    """
    uris, columns = _pairs(reference_paths, label_columns)
    require_whole("max_cells_per_ref", max_cells_per_ref, minimum=1, hint="100000 is the default")
    require_whole("min_cells_per_type", min_cells_per_type, minimum=0, hint="10 is the default")
    require_within("min_gene_overlap_pct", min_gene_overlap_pct, 0, 100, hint="25 is the default")
    require_whole("random_state", random_state, minimum=0, hint="42 is the default")
    panel = requested_symbols(target_genes)
    excluded = excluded_labels(exclude_labels)
    references = inspect_references(uris, columns, cache_dir, random_state, unsafe_force=unsafe_force)
    find_levels(references, taxonomy_levels)
    match_species(references, panel, species, orthologs)
    genes, positions = shared_genes(references, panel, min_gene_overlap_pct)
    choose_cells(
        references,
        max_cells_per_ref,
        min_cells_per_type,
        excluded=excluded,
        uninformative=drop_uninformative_labels,
        random_state=random_state,
        validate=validate_labels,
    )
    drop_rare_types(references, min_cells_per_type, filter_min_cells)
    if validate_labels:
        raise_on_findings(
            [(reference.source, reference.findings) for reference in references], strict=strict_validation
        )
        require_two_types(references)
    pairs = list(zip(references, positions, strict=True))
    parts = [
        read_cells(reference, at, unsafe_force, random_state) for reference, at in track(pairs, "reading references")
    ]
    note_repeated_cells(references, [counts for counts, _ in parts])
    combined = _join(parts, genes, output_column, normalize=normalize_data)
    manifest = [describe_reference(reference, genes, panel, checksum) for reference in references]
    combined.uns[REFERENCES_MANIFEST] = json.dumps(manifest)
    sizes = number_of(combined.n_obs, "cell"), number_of(combined.n_vars, "gene")
    log.info("combined %s: %s, %s", number_of(len(references), "reference"), *sizes)
    return combined


def _join(
    parts: list[tuple[sp.csr_matrix, pd.DataFrame]], genes: list[str], output_column: str, *, normalize: bool
) -> AnnData:
    counts = sp.vstack([part for part, _ in parts], format="csr")
    obs = joined_obs([frame for _, frame in parts], output_column)
    X = log1p_normalize(counts) if normalize else counts.copy()
    return AnnData(X, obs, pd.DataFrame(index=pd.Index(genes, dtype=object)), layers={COUNTS: counts})


def _pairs(paths: Any, columns: Any) -> tuple[list[str], list[str]]:
    """Return one path and one label column for each reference."""
    uris = [str(path) for path in require_list("reference_paths", paths)]
    names = [str(column) for column in require_list("label_columns", columns)]
    if len(names) not in (1, len(uris)):
        raise InputError(
            f"label_columns has {number_of(len(names), 'entry', 'entries')} for {number_of(len(uris), 'reference')}",
            hint="give one for each, or one for all",
        )
    return uris, names * len(uris) if len(names) == 1 else names
