"""Public functions for gene names and normalization."""

from spatialcore.core.counts import recover_counts
from spatialcore.core.genes.sums import normalize_gene_names
from spatialcore.core.genes.tables import load_ensembl_to_hugo_mapping
from spatialcore.core.normalization import check_normalization_status, log1p_normalize

__all__ = [
    "check_normalization_status",
    "load_ensembl_to_hugo_mapping",
    "log1p_normalize",
    "normalize_gene_names",
    "recover_counts",
]
