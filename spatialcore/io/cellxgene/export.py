"""Export annotated data for CZ CELLxGENE Discover (schema 7)."""

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from spatialcore import columns
from spatialcore.core.entries import coordinates_in, mapping_in
from spatialcore.core.files import whole
from spatialcore.core.genes.names import Species
from spatialcore.core.genes.sums import sum_duplicates
from spatialcore.core.genes.symbols import is_control, symbols_of
from spatialcore.core.logging import get_logger
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.text.wording import list_names, number_of
from spatialcore.core.validation import require_column, takes_adata
from spatialcore.errors import ANNOTATE_FIRST, InputError, NormalizationError
from spatialcore.io.anndata_files import write_h5ad
from spatialcore.io.cellxgene.cells import cell_columns
from spatialcore.io.cellxgene.ensembl import current_ids, species_of
from spatialcore.io.cellxgene.sample_metadata import ORGANISM, fact_columns
from spatialcore.io.counts import raw_counts

logger = get_logger(__name__)

EMBEDDING = "X_centroids"


@takes_adata
def export_cellxgene(
    adata: AnnData,
    path: str | Path,
    *,
    title: str | None = None,
    is_primary_data: bool = True,
    duplicates: Literal["refuse", "leave out"] = "refuse",
    **facts: object,
) -> Path:
    """Write an h5ad file that passes the validator of CZ CELLxGENE Discover.

    var_names are current Ensembl ids; controls and genes without an id are removed. ``raw.X`` has the counts, ``X``
    log1p(10,000 per cell). ``cell_type_ontology_term_id`` is the id of the call, or ``unknown`` for cells without a
    call and calls without an ontology term; the portal derives ``cell_type`` from it. The name of the call is in
    ``author_cell_type``.

    Parameters
    ----------
    adata
        Annotated cells with raw counts, and coordinates or an embedding ``X_...``.
    path
        Output .h5ad file.
    title
        Title of the data set; by default ``uns["title"]``.
    is_primary_data
        False if the same cells are in the portal already.
    duplicates
        The schema does not allow cells with identical counts, which shallow cells can have. "refuse" raises an error
        with their number; "leave out" keeps the first cell of each group.
    facts
        Columns of the schema, one value for all cells. ``tissue_ontology_term_id``, ``disease_ontology_term_id`` and
        ``donor_id`` must be given or be in obs, and ``assay_ontology_term_id`` if the platform is unknown. Defaults:
        ``tissue_type`` "tissue"; ``suspension_type`` "na"; ``sex_ontology_term_id``,
        ``development_stage_ontology_term_id`` and ``self_reported_ethnicity_ontology_term_id`` "unknown".

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        The data have no calls, a field is missing or invalid, or a call does not match its id.
    NormalizationError
        The data have no raw counts.

    Notes
    -----
    Schema: https://github.com/chanzuckerberg/single-cell-curation, version 7.1.0.

    Examples
    --------
    >>> import tempfile
    >>> from spatialcore.io import export_cellxgene
    >>> obs = pd.DataFrame({"cell_type": ["Unassigned"]}, index=["c1"])
    >>> adata = AnnData(np.ones((1, 1)), obs=obs, var=pd.DataFrame(index=["CD3E"]), obsm={"spatial": np.zeros((1, 2))})
    >>> fields = {"tissue_ontology_term_id": "UBERON:0000310", "disease_ontology_term_id": "PATO:0000461"}
    >>> fields |= {"donor_id": "d1", "assay_ontology_term_id": "EFO:0022955"}
    >>> export_cellxgene(adata, f"{tempfile.mkdtemp()}/a.h5ad", title="One cell", **fields).name
    'a.h5ad'
    """
    file = _output_file(adata, path)
    title = str(title or adata.uns.get("title", "")).strip()
    species = species_of([str(name) for name in adata.var_names], adata.var)
    platform = str(mapping_in(adata.uns, columns.SOURCE).get("platform", ""))
    fields = fact_columns(adata.obs, facts, title=title, platform=platform, species=species)
    obs = cell_columns(adata).assign(**fields)
    obs["is_primary_data"] = is_primary_data
    exported = _assemble(adata, obs, species)
    exported.uns = {"title": title, "organism_ontology_term_id": ORGANISM[species]}
    exported.uns["default_embedding"] = _add_embeddings(adata, exported)
    exported = _without_duplicates(exported, duplicates)
    with whole(file) as part:
        write_h5ad(exported, part)
    logger.info("wrote %s: %d cells x %d genes", file, exported.n_obs, exported.n_vars)
    return file


def _output_file(adata: AnnData, path: str | Path) -> Path:
    require_column(adata.obs, columns.CELL_TYPE, hint=ANNOTATE_FIRST)
    file = Path(path).expanduser()
    if file.suffix != ".h5ad":
        raise InputError(f"expected a path that ends in .h5ad, got {file.name}", hint="CELLxGENE accepts h5ad only")
    return file


def _assemble(adata: AnnData, obs: pd.DataFrame, species: Species) -> AnnData:
    """Return an AnnData with counts in raw and log1p(10k) in X, with one column per current Ensembl id."""
    raw = raw_counts(adata)
    if raw is None:
        raise NormalizationError("the data have no raw counts, which CELLxGENE requires", hint="add layers['counts']")
    names = raw.names
    ids = np.array(current_ids(names, raw.var, species), dtype=object)
    named = np.flatnonzero(ids != "")
    if len(named) == 0:
        raise InputError(f"no feature has an Ensembl id: {', '.join(names[:5])}", hint="pass human or mouse genes")
    _log_removed([name for name, identifier in zip(names, ids, strict=True) if not identifier])
    summed, genes = sum_duplicates(raw.matrix[:, named], list(ids[named]))
    exported = AnnData(summed, obs=obs, var=pd.DataFrame(index=pd.Index(genes, dtype=object)))
    exported.raw = exported
    exported.X = log1p_normalize(summed)
    symbols = dict(zip(ids, symbols_of(names, raw.var), strict=True))
    exported.var["gene_symbol"] = [symbols[gene] for gene in genes]
    exported.var["feature_is_filtered"] = False
    return exported


def _log_removed(names: list[str]) -> None:
    genes = [name for name in names if not is_control(name)]
    logger.info("removed %d controls", len(names) - len(genes))
    if genes:
        logger.warning(
            "removed %s without a current Ensembl id: %s", number_of(len(genes), "gene"), list_names(genes, 10)
        )


def _add_embeddings(adata: AnnData, exported: AnnData) -> str:
    """Copy coordinates and embeddings, and return the default. The schema reserves ``spatial`` for spots and beads."""
    for key, values in adata.obsm.items():
        if str(key).startswith("X_") and isinstance(values, np.ndarray):
            exported.obsm[str(key)] = values
    coordinates = coordinates_in(adata)
    if coordinates is not None:
        exported.obsm[EMBEDDING] = coordinates[:, :2]
        return EMBEDDING
    if not exported.obsm:
        raise InputError("CELLxGENE requires coordinates or an embedding", hint="compute one, e.g. with scanpy.tl.umap")
    return str(next(iter(exported.obsm)))


def _without_duplicates(exported: AnnData, duplicates: str) -> AnnData:
    counts = sp.csr_matrix(exported.raw.X)
    counts.sort_indices()
    # rows are equal if their indices and values are equal
    rows = [
        (counts.indices[start:end].tobytes(), counts.data[start:end].tobytes())
        for start, end in zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
    ]
    duplicated = pd.Series(rows).duplicated().to_numpy()
    if not duplicated.any():
        return exported
    if duplicates == "refuse":
        raise InputError(
            f"cells with the same counts as another cell, which the schema does not allow: {duplicated.sum()} "
            f"({(np.diff(counts.indptr) == 0).sum()} without counts)",
            hint='pass duplicates="leave out" to export the first cell of each group',
        )
    if duplicates != "leave out":
        raise InputError(f"duplicates is {duplicates!r}, expected 'refuse' or 'leave out'", hint="pass one of them")
    logger.warning("removed %s with the same counts as another cell", number_of(duplicated.sum(), "cell"))
    return exported[~duplicated].copy()
