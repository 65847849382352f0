"""Joining counts and the table of cells: each cell once, in the order of the counts, under its name."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy.sparse import csr_matrix

from spatialcore.errors import InputError
from spatialcore.io.joining import assemble, attach_cells

VAR = ["CD4", "CD8A"]


def assemble_cells(rows: list[list[int]], cells: list[str]) -> AnnData:
    return assemble(csr_matrix(np.array(rows, dtype=float)), cells, pd.DataFrame(index=VAR))


@pytest.mark.parametrize(
    ("rows", "cells", "expected"),
    [
        ([[1, 2], [3, 4], [0, 0]], ["a", "b", "a"], [[1, 2], [3, 4]]),
        ([[0, 0], [3, 4], [1, 2]], ["a", "b", "a"], [[3, 4], [1, 2]]),
        ([[1, 2], [1, 2], [3, 4]], ["a", "a", "b"], [[1, 2], [3, 4]]),
        ([[0, 0], [0, 0], [3, 4]], ["a", "a", "b"], [[0, 0], [3, 4]]),
    ],
)
def test_repeated_lines_are_left_out(rows: list[list[int]], cells: list[str], expected: list[list[int]]) -> None:
    adata = assemble_cells(rows, cells)
    assert adata.obs_names.is_unique
    np.testing.assert_array_equal(adata.X.toarray(), expected)


def test_lines_of_one_cell_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="cells with several lines of different counts: a"):
        assemble_cells([[1, 2], [3, 4], [5, 6]], ["a", "b", "a"])


def test_genes_keep_their_names_if_proteins_share_them() -> None:
    var = pd.DataFrame({"feature_types": ["Antibody Capture", "Gene Expression"]}, index=["CD4", "CD4"])
    assert list(assemble(csr_matrix(np.eye(2)), ["a", "b"], var).var_names) == ["CD4-1", "CD4"]


def table(index: list[str], **columns: list[object]) -> pd.DataFrame:
    return pd.DataFrame({"x": range(len(index)), "y": 0.0, **columns}, index=index)


@pytest.mark.parametrize(
    "cells",
    [
        table(["b", "a", "c"], x=[1, 0, 2]),
        table(["0", "1", "2"], x=[1, 0, 2], EntityID=["b", "a", "c"]),
        table(["a", "a", "b", "c"], x=[0, 0, 1, 2]),
        table(["c", "b", "a", "z"], x=[2, 1, 0, 9]),
    ],
)
def test_cells_are_matched_by_identifier(cells: pd.DataFrame) -> None:
    adata = assemble_cells([[1, 2], [3, 4], [5, 6]], ["a", "b", "c"])
    attach_cells(adata, cells, xy=("x", "y"))
    assert list(adata.obs_names) == ["a", "b", "c"]
    assert adata.obsm["spatial"][:, 0].tolist() == [0, 1, 2]


def test_identifiers_are_matched_without_leading_zeros() -> None:
    adata = assemble_cells([[1, 2], [3, 4]], ["0007", "0012"])
    attach_cells(adata, table(["12", "7"], x=[12, 7]), xy=("x", "y"))
    assert list(adata.obs_names) == ["0007", "0012"]
    assert adata.obsm["spatial"][:, 0].tolist() == [7, 12]


def test_a_cell_with_two_positions_is_refused() -> None:
    with pytest.raises(InputError, match="cells twice with different values: a"):
        attach_cells(assemble_cells([[1, 2]], ["a"]), table(["a", "a"], x=[0, 5]), xy=("x", "y"))


def test_tables_of_other_cells_are_refused() -> None:
    with pytest.raises(InputError, match=r"no cell of the matrix \(a\)"):
        attach_cells(assemble_cells([[1, 2]], ["a"]), table(["q"]), xy=("x", "y"))


def test_coordinates_written_as_text_are_numbers() -> None:
    adata = assemble_cells([[1, 2], [3, 4], [5, 6]], ["a", "b", "c"])
    table = pd.DataFrame({"x": ["1.5", " 2 ", ""], "y": [3, None, "NA"]}, index=["a", "b", "c"])
    attach_cells(adata, table, xy=("x", "y"))
    np.testing.assert_array_equal(adata.obsm["spatial"], [[1.5, 3], [2, np.nan], [np.nan, np.nan]])


@pytest.mark.parametrize("text", ["130.8 um", "1,5", "left"])
def test_coordinates_that_are_not_numbers_are_refused(text: str) -> None:
    table = pd.DataFrame({"x": ["1.5", text], "y": [3.0, 4.0]}, index=["a", "b"])
    with pytest.raises(InputError, match=f"column 'x' .* not numbers: {text!r}"):
        attach_cells(assemble_cells([[1, 2], [3, 4]], ["a", "b"]), table, xy=("x", "y"))
