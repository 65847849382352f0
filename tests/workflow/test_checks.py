"""Checks before a run: species of queries and references, and genes shared across species."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.run_config import RunConfig
from spatialcore.workflow.checks import check_genes, check_levels, check_species
from spatialcore.workflow.dataset import DatasetSummary, summarize_dataset

HUMAN = ["GAD1", "SLC17A7", "PVALB", "SST", "VIP", "AQP4", "MOG", "PLP1", "HLA-A", "TP53", "GFAP", "CALB2"]
MOUSE = ["Gad1", "Slc17a7", "Pvalb", "Sst", "Vip", "Aqp4", "Mog", "Plp1", "H2-K1", "Trp53", "Gfap", "Calb2"]


def config(**settings: Any) -> RunConfig:
    return RunConfig.from_dict({"queries": ["q.h5ad"], "references": ["r.h5ad"], **settings})


@pytest.fixture
def files(tmp_path: Path) -> tuple[DatasetSummary, DatasetSummary]:
    """Return a mouse query and a human reference."""
    summaries = []
    for name, genes in (("query", MOUSE), ("atlas", HUMAN)):
        counts = np.random.default_rng(0).poisson(2, (20, len(genes))).astype(np.float32)
        ad.AnnData(counts, var=pd.DataFrame(index=genes)).write_h5ad(tmp_path / f"{name}.h5ad")
        summaries.append(summarize_dataset(tmp_path / f"{name}.h5ad"))
    return summaries[0], summaries[1]


def test_two_species_are_a_problem_with_file_names(files: tuple[DatasetSummary, DatasetSummary]) -> None:
    query, atlas = files
    (check,) = check_species([query], [atlas], config())
    assert not check.ok
    assert "reference atlas is human (GAD1, SLC17A7, PVALB), the query is mouse" in check.detail
    (genes,) = check_genes([query], [atlas], config())
    assert not genes.ok


def test_with_orthologs_two_species_are_accepted(files: tuple[DatasetSummary, DatasetSummary]) -> None:
    query, atlas = files
    (check,) = check_species([query], [atlas], config(orthologs=True))
    assert (check.ok, check.detail) == (True, "human and mouse, bridged by one-to-one orthologs")
    (genes,) = check_genes([query], [atlas], config(orthologs=True))
    assert (genes.ok, genes.detail) == (True, "11 of 12 (92 %)")


def test_data_of_another_species_than_the_setting(files: tuple[DatasetSummary, DatasetSummary]) -> None:
    query, _ = files
    assert [check.detail for check in check_species([query], [query], config())] == ["mouse"]
    (check,) = check_species([query], [query], config(species="human"))
    assert not check.ok
    assert "the query has 12 mouse" in check.detail


def test_queries_of_two_species_are_a_problem(files: tuple[DatasetSummary, DatasetSummary]) -> None:
    both = RunConfig.from_dict({"queries": ["query.h5ad", "atlas.h5ad"], "references": ["r.h5ad"]})
    (check,) = check_species(list(files), [], both)
    assert "files of two species in one run (human: atlas; mouse: query)" in check.detail


def test_a_taxonomy_level_that_is_in_no_reference(files: tuple[DatasetSummary, DatasetSummary]) -> None:
    (check,) = check_levels([files[1]], config(taxonomy_levels=["subclass"]))
    assert not check.ok
    assert "no reference has a column for the taxonomy level 'subclass' (atlas: none)" in check.detail
    assert check_levels([files[1]], config()) == []


def test_leaving_out_a_reference_that_removes_most_of_the_panel_is_suggested(tmp_path: Path) -> None:
    genes = [f"LINC{i:05d}" for i in range(1000, 1040)]
    summaries = []
    for name, of_file in (("query", genes), ("one", genes), ("two", genes[:38]), ("few", genes[:12])):
        counts = np.random.default_rng(0).poisson(2, (20, len(of_file))).astype(np.float32)
        ad.AnnData(counts, var=pd.DataFrame(index=of_file)).write_h5ad(tmp_path / f"{name}.h5ad")
        summaries.append(summarize_dataset(tmp_path / f"{name}.h5ad"))
    *_, common = check_genes(summaries[:1], summaries[1:], config())
    assert common.ok
    assert "few has 12 of 40 panel genes, so that only 12 are used; without it the others share 38" in common.detail
    *_, common = check_genes(summaries[:1], summaries[1:3], config())
    assert "leave it out" not in common.detail
