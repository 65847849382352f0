"""Public import path of functions for genes and normalization."""

from spatialcore.core import counts, normalization, utils
from spatialcore.core.genes import sums, tables


def test_public_names():
    assert {name: getattr(utils, name) for name in utils.__all__} == {
        "check_normalization_status": normalization.check_normalization_status,
        "load_ensembl_to_hugo_mapping": tables.load_ensembl_to_hugo_mapping,
        "log1p_normalize": normalization.log1p_normalize,
        "normalize_gene_names": sums.normalize_gene_names,
        "recover_counts": counts.recover_counts,
    }
