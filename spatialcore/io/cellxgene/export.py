"""Annotated data in the form that CZ CELLxGENE Discover takes (schema 7)."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.files import whole
from spatialcore.core.genes.sums import sum_duplicates
from spatialcore.core.genes.symbols import is_control, symbols_of
from spatialcore.core.genes.tables import Species
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import log1p_normalize
from spatialcore.errors import InputError, NormalizationError
from spatialcore.io.anndata_files import write_h5ad
from spatialcore.io.cellxgene.cells import cell_columns
from spatialcore.io.cellxgene.ensembl import current_ids, species_of
from spatialcore.io.cellxgene.sample_metadata import ORGANISM, fact_columns
from spatialcore.io.counts import raw_counts

logger = get_logger(__name__)

EMBEDDING = "X_centroids"


def export_cellxgene(
    adata: AnnData,
    path: str | Path,
    *,
    title: str | None = None,
    is_primary_data: bool = True,
    duplicates: Literal["refuse", "leave out"] = "refuse",
    **facts: Any,
) -> Path:
    """Write an h5ad file that the validator of CZ CELLxGENE Discover accepts.

    Genes are named by current Ensembl ids, controls and genes without an id are left out. ``raw.X`` holds the counts,
    ``X`` their log1p at 10,000 a cell. A cell's ``cell_type_ontology_term_id`` is the call's, ``unknown`` for cells
    without a call and for calls that the ontology has no term for; the portal derives ``cell_type`` from it. The call
    in its own words is in ``author_cell_type``.

    Parameters
    ----------
    adata
        Annotated cells with raw counts, and coordinates or an embedding ``X_...``.
    path
        The .h5ad file to write.
    title
        The data set's title on the portal; nothing given: ``uns["title"]``.
    is_primary_data
        False where the same cells are on the portal already.
    duplicates
        The schema takes no two cells with the same counts, which shallow cells can have. "refuse" says how many there
        are; "leave out" keeps the first of each.
    facts
        Columns of the schema, one value for all cells: ``tissue_ontology_term_id``, ``disease_ontology_term_id`` and
        ``donor_id`` must be given or be in obs, and ``assay_ontology_term_id`` where the platform is not known;
        ``tissue_type`` is "tissue" and ``suspension_type`` "na", ``sex_ontology_term_id``,
        ``development_stage_ontology_term_id`` and
        ``self_reported_ethnicity_ontology_term_id`` are "unknown" else.

    Raises
    ------
    InputError
        The data have no calls, a fact is missing or of another form, or a call and its id are of different types.

    Notes
    -----
    Schema: https://github.com/chanzuckerberg/single-cell-curation, version 7.1.0.
    """
    place = _checked(adata, path)
    title = str(title or adata.uns.get("title", "")).strip()
    species = species_of([str(name) for name in adata.var_names], adata.var)
    platform = str(adata.uns.get(columns.SOURCE, {}).get("platform", ""))
    told = fact_columns(adata.obs, facts, title=title, platform=platform, species=species)
    obs = cell_columns(adata).assign(**told)
    obs["is_primary_data"] = is_primary_data
    exported = _assemble(adata, obs, species)
    exported.uns = {"title": title, "organism_ontology_term_id": ORGANISM[species]}
    exported.uns["default_embedding"] = _add_embeddings(adata, exported)
    exported = _without_duplicates(exported, duplicates)
    with whole(place) as part:
        write_h5ad(exported, part)
    logger.info("wrote %s: %d cells x %d genes", place, exported.n_obs, exported.n_vars)
    return place


def _checked(adata: AnnData, path: str | Path) -> Path:
    if columns.CELL_TYPE not in adata.obs:
        raise InputError(f"obs has no column {columns.CELL_TYPE!r}", hint="annotate the data first")
    place = Path(path).expanduser()
    if place.suffix != ".h5ad":
        raise InputError(f"{place.name} is not named .h5ad", hint="CELLxGENE takes h5ad files only")
    return place


def _assemble(adata: AnnData, obs: pd.DataFrame, species: Species) -> AnnData:
    """Return counts in raw and log1p(10k) in X, both of the genes that have a current id, one column a gene."""
    raw = raw_counts(adata)
    if raw is None:
        raise NormalizationError("the data hold no raw counts, which CELLxGENE wants", hint="add layers['counts']")
    names = raw.names
    ids = np.array(current_ids(names, raw.var, species), dtype=object)
    named = np.flatnonzero(ids != "")
    if len(named) == 0:
        raise InputError(
            f"no feature has an Ensembl id: {', '.join(names[:5])}", hint="are they symbols of another species?"
        )
    _tell_left_out([name for name, identifier in zip(names, ids, strict=True) if not identifier])
    summed, genes = sum_duplicates(raw.matrix[:, named], list(ids[named]))
    exported = AnnData(summed, obs=obs, var=pd.DataFrame(index=pd.Index(genes, dtype=object)))
    exported.raw = exported
    exported.X = log1p_normalize(summed)
    symbols = dict(zip(ids, symbols_of(names, raw.var), strict=True))
    exported.var["gene_symbol"] = [symbols[gene] for gene in genes]
    exported.var["feature_is_filtered"] = False
    return exported


def _tell_left_out(names: list[str]) -> None:
    genes = [name for name in names if not is_control(name)]
    logger.info("%d controls are left out", len(names) - len(genes))
    if genes:
        logger.warning("%d genes without a current Ensembl id are left out: %s", len(genes), ", ".join(genes[:10]))


def _add_embeddings(adata: AnnData, exported: AnnData) -> str:
    """Bring over coordinates and embeddings and name the one to show. ``spatial`` is for spots and beads only there."""
    for key, values in adata.obsm.items():
        if str(key).startswith("X_") and isinstance(values, np.ndarray):
            exported.obsm[str(key)] = values
    if columns.SPATIAL in adata.obsm:
        exported.obsm[EMBEDDING] = np.asarray(adata.obsm[columns.SPATIAL], dtype=float)[:, :2]
        return EMBEDDING
    if not exported.obsm:
        raise InputError(
            "CELLxGENE wants coordinates or an embedding", hint="compute one, e.g. scanpy.pp.pca or scanpy.tl.umap"
        )
    return str(next(iter(exported.obsm)))


def _without_duplicates(exported: AnnData, duplicates: str) -> AnnData:
    counts = sp.csr_matrix(exported.raw.X)
    counts.sort_indices()
    # a row is told by where its values stand and what they are
    rows = [
        (counts.indices[start:end].tobytes(), counts.data[start:end].tobytes())
        for start, end in zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
    ]
    double = pd.Series(rows).duplicated().to_numpy()
    if not double.any():
        return exported
    if duplicates == "refuse":
        raise InputError(
            f"{double.sum()} cells have the very counts of another cell, which the schema does not allow "
            f"({(np.diff(counts.indptr) == 0).sum()} cells have no count at all)",
            hint='pass duplicates="leave out" to export the first of each',
        )
    if duplicates != "leave out":
        raise InputError(f"duplicates is {duplicates!r}", hint='"refuse" or "leave out"')
    logger.warning("%d cells with the very counts of another cell are left out", double.sum())
    return exported[~double].copy()
