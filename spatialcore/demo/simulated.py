"""A simulated sample and reference of four types, for examples and tests."""

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse

from spatialcore import columns

SIMULATED_TYPES: dict[str, tuple[str, str]] = {  # name -> Cell Ontology id, marker genes
    "B cell": ("CL:0000236", "MS4A1 CD79A CD79B CD19 BANK1 PAX5"),
    "T cell": ("CL:0000084", "CD3D CD3E CD3G CD2 TRAC CD5"),
    "fibroblast": ("CL:0000057", "COL1A1 COL1A2 COL3A1 DCN LUM PDGFRA"),
    "mast cell": ("CL:0000097", "TPSAB1 TPSB2 CPA3 KIT MS4A2 HDC"),
}
SIMULATED_COMMON = "ACTB GAPDH B2M MALAT1 VIM HLA-A"


def simulated_data(random_state: int = 0) -> tuple[ad.AnnData, ad.AnnData]:
    """Simulate a small spatial sample and a labelled reference of four types, for examples.

    Parameters
    ----------
    random_state
        Seed of the simulation.

    Returns
    -------
    query : AnnData
        200 cells x 30 genes with about 150 counts per cell, coordinates in ``obsm["spatial"]`` and the simulated type
        in ``obs["true_type"]``.
    reference : AnnData
        240 cells x 30 genes with about 1,000 counts per cell, labels in ``obs["cell_type"]`` and Cell Ontology ids in
        ``obs["cell_type_ontology_term_id"]``.

    Examples
    --------
    >>> query, reference = simulated_data()
    >>> query.shape, reference.shape
    ((200, 30), (240, 30))
    """
    rng = np.random.default_rng(random_state)
    query, reference = _simulated(50, 150, rng), _simulated(60, 1_000, rng)
    query.obsm[columns.SPATIAL] = rng.uniform(0, 300, (query.n_obs, 2))
    query.obs = query.obs.rename(columns={columns.CELL_TYPE: "true_type"})
    ids = {name: identifier for name, (identifier, _) in SIMULATED_TYPES.items()}
    reference.obs[columns.ONTOLOGY_ID] = reference.obs[columns.CELL_TYPE].map(ids)
    return query, reference


def _simulated(n_per_type: int, depth: float, rng: np.random.Generator) -> ad.AnnData:
    markers = {name: genes.split() for name, (_, genes) in SIMULATED_TYPES.items()}
    genes = [gene for names in markers.values() for gene in names] + SIMULATED_COMMON.split()
    rates = np.array([[5.0 if gene in names else 1.0 for gene in genes] for names in markers.values()])
    types = np.repeat(list(markers), n_per_type)
    means = np.repeat(rates / rates.sum(axis=1, keepdims=True), n_per_type, axis=0)
    depths = depth * rng.lognormal(0, 0.2, len(types))
    counts = sparse.csr_matrix(rng.poisson(means * depths[:, None]).astype(np.float32))
    obs = pd.DataFrame({columns.CELL_TYPE: types}, index=[f"cell{i}" for i in range(len(types))])
    return ad.AnnData(counts, obs, pd.DataFrame(index=genes))
