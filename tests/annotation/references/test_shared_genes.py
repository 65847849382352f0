"""The genes of several references and the panel that combine_references retains."""

import json
from typing import Any

import anndata as ad
import numpy as np
import pytest

from spatialcore.annotation import combine_references
from spatialcore.errors import GeneOverlapError
from tests.annotation.reference_data import GENES, Write, make_reference


def manifest(combined: ad.AnnData) -> list[dict[str, Any]]:
    return json.loads(combined.uns["spatialcore_references"])


def test_references_of_different_gene_names_share_genes(write: Write) -> None:
    symbols = ["TP53", "CD4", "HLA-A", "CD8A", "MS4A1"]
    ids = ["ENSG00000141510.18", "ENSG00000010610", "HLA.A", "ENSG00000153563.9", "ENSG00000156738"]
    paths = [
        write(make_reference(i, genes=names), f"{i}.h5ad") for i, names in enumerate((symbols, ids, symbols[::-1]))
    ]
    combined = combine_references(paths, ["cell_type"], target_genes=symbols)
    assert list(combined.var_names) == symbols
    for i, reference in enumerate((0, 1, 2)):
        truth = make_reference(reference, genes=symbols).uns["truth"]
        of_source = combined[combined.obs["reference_source"] == str(i)]
        rows = [int(name.split("-")[0].removeprefix("cell")) for name in of_source.obs_names]
        expected = truth[rows] if i < 2 else truth[rows][:, ::-1]
        np.testing.assert_array_equal(of_source.layers["counts"].toarray(), expected)


def test_raw_x_wider_than_x_is_read_by_name(write: Write) -> None:
    narrow = make_reference(genes=GENES[:6], state="log1p_cpm")
    narrow.raw = make_reference(genes=GENES[::-1])
    combined = combine_references([write(narrow)], ["cell_type"], target_genes=GENES[10:20])
    assert list(combined.var_names) == GENES[10:20]
    rows = [int(name.split("-")[0].removeprefix("cell")) for name in combined.obs_names]
    truth = make_reference(genes=GENES[::-1]).uns["truth"][rows][:, ::-1][:, 10:20]
    np.testing.assert_array_equal(combined.layers["counts"].toarray(), truth)


def test_a_reference_that_covers_part_of_the_panel(write: Write) -> None:
    paths = [write(make_reference(0), "whole.h5ad"), write(make_reference(1, genes=GENES[:20]), "part.h5ad")]
    combined = combine_references(paths, ["cell_type"], target_genes=[*GENES, "ABSENT"])
    assert list(combined.var_names) == GENES[:20]
    missing = [entry["genes_missing"] for entry in manifest(combined)]
    assert missing == [["ABSENT"], [*GENES[20:], "ABSENT"]]


def test_a_reference_that_removes_too_many_genes_is_named(write: Write) -> None:
    paths = [write(make_reference(0), "whole.h5ad"), write(make_reference(1, genes=GENES[:3]), "part.h5ad")]
    with pytest.raises(GeneOverlapError, match=r"(?s)share 3 of 30 target genes.*drop part"):
        combine_references(paths, ["cell_type"], target_genes=GENES, min_gene_overlap_pct=10)


def test_the_share_of_genes_is_of_the_smaller_set(write: Write) -> None:
    panel = [*GENES[:10], *(f"NOVEL{i}X" for i in range(90))]
    paths = [write(make_reference(0, genes=GENES[:12]), "small.h5ad")]
    assert combine_references(paths, ["cell_type"], target_genes=panel).n_vars == 10


def test_a_reference_that_removes_most_of_the_panel_is_named(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    paths = [write(make_reference(0), "whole.h5ad"), write(make_reference(1, genes=GENES[:10]), "part.h5ad")]
    assert combine_references(paths, ["cell_type"], target_genes=GENES).n_vars == 10
    assert "part has 10 of 30 panel genes" in caplog.text


def test_no_shared_genes_names_the_reference_and_both_sides(write: Write) -> None:
    other = write(make_reference(genes=[f"Gm{i}" for i in range(30)]), "mouse.h5ad")
    with pytest.raises(
        GeneOverlapError, match=r"No shared genes found between mouse \(Gm0, Gm1.*GENE0, GENE1"
    ) as error:
        combine_references([write(), other], ["cell_type"], target_genes=GENES)
    assert "Ensembl ids against symbols" in str(error.value)
