"""The genes shared by references, on small examples."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.references.features import Features
from spatialcore.annotation.references.genes import costly_reference, overlap_error, shared_genes
from spatialcore.annotation.references.reference import Reference, drawn_counts
from spatialcore.errors import GeneOverlapError

PANEL = [f"G{i}" for i in range(20)]


def reference(name: str, genes: list[str]) -> Reference:
    labels = pd.Categorical(["B", "T"])
    return Reference(
        name, Path(name), name, "type", labels, Features(genes, [""] * len(genes)), drawn_counts(), 2, has_ids=False
    )


def test_genes_are_in_the_order_of_the_panel() -> None:
    one, two = reference("one", PANEL[::-1]), reference("two", ["X", *PANEL[:15], PANEL[0]])
    genes, positions = shared_genes([one, two], PANEL, 25.0)
    assert genes == PANEL[:15]
    assert [list(at) for at in positions[0][:2]] == [[19], [18]]
    assert [list(at) for at in positions[1][:2]] == [[1, 16], [2]]  # G0 is measured twice


def test_without_a_panel_the_genes_are_those_of_the_first_reference() -> None:
    one, two = reference("one", ["B", "", "A", "B"]), reference("two", ["A", "C", "B"])
    assert shared_genes([one, two], None, 25.0)[0] == ["B", "A"]


def test_a_reference_without_any_gene_of_the_panel() -> None:
    with pytest.raises(GeneOverlapError, match=r"No shared genes found between two \(X, Y"):
        shared_genes([reference("one", PANEL), reference("two", ["X", "Y"])], PANEL, 0.0)


def test_a_reference_that_removes_many_genes_gives_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    panel = [f"G{i}" for i in range(30)]
    few = [reference("one", panel), reference("two", panel), reference("three", panel[:14])]
    shared_genes(few, panel, 1.0)
    assert "three has 14 of 30 panel genes, so that only 14 are used; without it the others share 30" in caplog.text
    caplog.clear()
    shared_genes([reference("one", panel), reference("two", panel[:16])], panel, 1.0)  # less than twice as many
    assert caplog.records == []


def test_the_reference_that_removes_most_genes_is_not_always_the_smallest(caplog: pytest.LogCaptureFixture) -> None:
    panel = [f"G{i}" for i in range(40)]
    references = [reference("one", panel[:30]), reference("two", panel[:28]), reference("three", panel[10:])]
    shared_genes([*references[:2], reference("three", panel[18:])], panel, 1.0)
    assert "three has 22 of 40 panel genes, so that only 10 are used; without it the others share 28" in caplog.text
    caplog.clear()
    shared_genes(references, panel, 1.0)  # 18 of 28
    assert caplog.records == []
    assert costly_reference(["alone"], np.ones((1, 4), dtype=bool)) == ""


def test_too_few_shared_genes_name_the_reference_to_drop() -> None:
    has_gene = np.zeros((3, 40), dtype=bool)
    has_gene[0, :30] = has_gene[1, :28] = has_gene[2, 20:24] = True
    error = overlap_error(["a", "b", "c"], has_gene, [30, 28, 40], 50.0)
    assert error is not None
    assert error.message.startswith("the references share 4 of 40 target genes")
    assert error.message.endswith("(genes by reference: a 30, b 28, c 4)")
    assert error.hint == "drop c: the others share 28 of 40"
    alone = overlap_error(["c"], has_gene[2:], [40], 50.0)
    assert alone is not None
    assert "lower min_gene_overlap_pct" in alone.hint
    assert overlap_error(["a"], has_gene[:1], [30], 50.0) is None
