"""Panel genes in references and model."""

import anndata as ad

from spatialcore.plotting.figures.gene_coverage import coverage_table, plot_gene_coverage
from tests.plotting.tissues import texts


def test_coverage_lists_missing_genes(sample: ad.AnnData) -> None:
    table = coverage_table(sample)
    assert table["name"].tolist() == ["atlas", "model"]
    assert table["n_genes"].tolist() == [27, 26]
    drawn = texts(plot_gene_coverage(sample))
    assert "27 of 30 (90 %)" in drawn
    assert "CD19, LUM, TRAC" in drawn


def test_placeholder_without_manifest(tissue: ad.AnnData) -> None:
    assert "no references" in texts(plot_gene_coverage(tissue))
