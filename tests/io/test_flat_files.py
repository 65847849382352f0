"""Helpers of the platform readers: files, tables of counts, metadata."""

import bz2
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore.errors import InputError
from spatialcore.io import read_spatial
from spatialcore.io.flat_files import find_one, non_gene_columns
from spatialcore.io.joining import assemble, attach_cells
from tests.io.bundles import assert_same, merscope_ids, sample, write_cosmx, write_merscope, write_xenium

COSMX_NAMES = [f"{i // 7 + 1}_{i % 7 + 1}" for i in range(500)]


@pytest.mark.parametrize(("write", "names"), [(write_cosmx, COSMX_NAMES), (write_merscope, merscope_ids(500))])
def test_blocks_are_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[..., Path], names: list[str]
) -> None:
    data = sample(500, 40)
    folder = write(tmp_path / "run", data)
    monkeypatch.setattr("spatialcore.io.flat_files.BLOCK_BYTES", 3_000)
    assert_same(read_spatial(folder), data, names)


def test_two_samples_in_a_folder(tmp_path: Path) -> None:
    folder = write_cosmx(tmp_path / "flat", sample(9, 3))
    (folder / "Run2_exprMat_file.csv").write_bytes((folder / "Run1_exprMat_file.csv").read_bytes())
    with pytest.raises(InputError, match="files that match"):
        read_spatial(folder)


@pytest.mark.parametrize("hidden", ["._{}", ".{}.swp.csv"])
def test_hidden_files_of_other_systems_are_ignored(hidden: str, tmp_path: Path) -> None:
    (tmp_path / "S1_exprMat_file.csv").write_text("fov,cell_ID\n")
    (tmp_path / hidden.format("S1_exprMat_file.csv")).write_bytes(b"\0")
    path = find_one(tmp_path, ["*exprMat_file.csv", "*.csv"])
    assert path == tmp_path / "S1_exprMat_file.csv"


def test_repeated_lines_of_a_cell(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    lines = (folder / "cell_by_gene.csv").read_text().splitlines()
    (folder / "cell_by_gene.csv").write_text("\n".join([*lines, lines[1]]) + "\n")
    assert read_spatial(folder).n_obs == 4
    others = [f"{lines[1].rpartition(',')[0]},{n}" for n in (76, 77)]
    (folder / "cell_by_gene.csv").write_text("\n".join([*lines, *others]) + "\n")
    with pytest.raises(InputError, match="several lines of different counts"):
        read_spatial(folder)


@pytest.mark.parametrize("first", ["", "Unnamed: 0", "X", "index"])
@pytest.mark.parametrize("tables", [("cell_by_gene",), ("cell_metadata",), ("cell_by_gene", "cell_metadata")])
def test_row_numbers_before_the_tables(first: str, tables: tuple[str, ...], tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    plain = read_spatial(folder)
    for name in tables:
        header, *lines = (folder / f"{name}.csv").read_text().splitlines()
        named = header if header.split(",")[0] else f"EntityID{header}"
        numbered = [f"{first},{named}", *(f"{i},{line}" for i, line in enumerate(lines))]
        (folder / f"{name}.csv").write_text("\n".join(numbered) + "\n")
    read = read_spatial(folder)
    assert list(read.obs_names) == list(plain.obs_names)
    assert list(read.var_names) == list(plain.var_names)
    assert (read.X != plain.X).nnz == 0


def test_measurements_of_cells_among_the_genes(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    plain = read_spatial(folder)
    header, *lines = (folder / "cell_by_gene.csv").read_text().splitlines()
    wide = [f"{header},volume,fov", *(f"{line},512.5,3" for line in lines)]
    (folder / "cell_by_gene.csv").write_text("\n".join(wide) + "\n")
    assert list(read_spatial(folder).var_names) == list(plain.var_names)


def test_text_in_the_counts(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    text = (folder / "cell_by_gene.csv").read_text().splitlines()
    text[2] = text[2].rsplit(",", 1)[0] + ",many"
    (folder / "cell_by_gene.csv").write_text("\n".join(text))
    with pytest.raises(InputError, match="not a table of counts"):
        read_spatial(folder)


def test_a_truncated_line(tmp_path: Path) -> None:
    file = write_merscope(tmp_path / "region", sample(4, 3)) / "cell_by_gene.csv"
    file.write_text(file.read_text().rstrip().rpartition(",")[0])
    with pytest.raises(InputError, match="has a line of 3 values, expected 4") as error:
        read_spatial(file.parent)
    assert "truncated" in error.value.hint


def test_empty_values_of_genes_are_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = write_merscope(tmp_path / "region", sample(4, 3)) / "cell_by_gene.csv"
    lines = file.read_text().splitlines()
    emptied = [lines[0], *(line.rsplit(",", 1)[0] + "," for line in lines[1:3]), *lines[3:]]
    file.write_text("\n".join(emptied))
    read = read_spatial(file.parent)
    assert read.X[:2, 2].toarray().sum() == 0
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["cell_by_gene.csv: 2 empty values of genes read as 0"]


def test_duplicate_gene_names(tmp_path: Path) -> None:
    data = sample(6, 4)
    data.var_names = ["A", "A", "B", "C"]
    read = read_spatial(write_xenium(tmp_path / "run", data))
    assert read.var_names.is_unique
    assert read.var["gene_ids"].is_unique


def test_cells_are_joined_by_identifier() -> None:
    adata = assemble(csr_matrix(np.eye(2)), ["c1", "c2"], pd.DataFrame(index=["A", "B"]))
    table = pd.DataFrame({"x": [5.0, 1.0, 9.0], "y": [6.0, 2.0, 9.0], "fov": [3, 4, 5]}, index=["c2", "c1", "c3"])
    attach_cells(adata, table, xy=("x", "y"), scale=2.0)
    assert adata.obsm["spatial"].tolist() == [[2.0, 4.0], [10.0, 12.0]]
    assert adata.obs.to_dict("list") == {"fov": [4, 3]}


def _semicolons(text: str) -> bytes:
    return text.replace(",", ";").encode()


def _decimal_commas(text: str) -> bytes:
    return text.replace(",", ";").replace(".", ",").encode()


@pytest.mark.parametrize(
    "rewrite",
    [
        _semicolons,
        _decimal_commas,
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.replace("\n", "\r\n").encode(),
    ],
    ids=["semicolons", "decimal commas", "tabs", "utf-16", "byte order mark", "carriage returns"],
)
@pytest.mark.parametrize("write", [write_cosmx, write_merscope])
def test_tables_written_by_spreadsheets(
    write: Callable[..., Path], rewrite: Callable[[str], bytes], tmp_path: Path
) -> None:
    folder = write(tmp_path / "run", sample(9, 4))
    plain = read_spatial(folder)
    for file in folder.glob("*.csv"):
        file.write_bytes(rewrite(file.read_text()))
    read = read_spatial(folder)
    assert list(read.obs_names) == list(plain.obs_names)
    assert list(read.var_names) == list(plain.var_names)
    assert (read.X != plain.X).nnz == 0
    np.testing.assert_array_equal(read.obsm["spatial"], plain.obsm["spatial"])


def test_bzipped_tables(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    plain = read_spatial(folder)
    for file in folder.glob("*.csv"):
        (folder / f"{file.name}.bz2").write_bytes(bz2.compress(file.read_bytes()))
        file.unlink()
    assert (read_spatial(folder).X != plain.X).nnz == 0


def test_genes_in_lines(tmp_path: Path) -> None:
    folder = write_merscope(tmp_path / "region", sample(4, 3))
    table = pd.read_csv(folder / "cell_by_gene.csv", index_col=0).T
    table.index = ["CD3E", "MS4A1", "EPCAM", *table.index[3:]]
    table.to_csv(folder / "cell_by_gene.csv")
    with pytest.raises(InputError, match=r"lines of the matrix are genes \(CD3E, MS4A1"):
        read_spatial(folder)


@pytest.mark.parametrize(
    "name", ["nCount_RNA", "nFeature_RNA", "percent.mt", "pct_counts_mt", "leiden_0.5", "total_counts", "orig.ident"]
)
def test_columns_of_seurat_and_scanpy_are_not_genes(name: str) -> None:
    assert non_gene_columns(["cell", "CD3E", name]) == ["cell", name]
