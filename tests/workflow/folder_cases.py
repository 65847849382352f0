"""Output folders and stores with the file names and columns that occur in practice."""

import datetime
import decimal
import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
from scipy.io import mmwrite

from tests.io.bundles import letters, write_cosmx, write_merscope, write_xenium
from tests.workflow.cases import Case, case
from tests.workflow.tissue import GENES, query, reference, with_features, write_h5ad

N = len(GENES)
Table = Callable[[pd.DataFrame], pd.DataFrame]


def _case(query_path: Path, folder: Path, expected: int | str = N) -> Case:
    return str(query_path), write_h5ad(reference(), folder / "ref.h5ad"), expected


def _for_xenium(adata: ad.AnnData, kinds: list[str] | None = None) -> ad.AnnData:
    """Return cells with Xenium's identifiers, and features with ids and types."""
    adata.obs["cell_number"] = np.arange(1, adata.n_obs + 1)
    adata.obs_names = [letters(number) for number in adata.obs["cell_number"]]
    adata.var["gene_ids"] = [f"id{i}" for i in range(adata.n_vars)]
    adata.var["feature_types"] = kinds or ["Gene Expression"] * adata.n_vars
    return adata


def _rewrite(file: Path, change: Table) -> None:
    change(pd.read_csv(file, dtype=str)).to_csv(file, index=False)


@case
def xenium_with_proteins(folder: Path) -> Case:
    adata = query()
    stored = np.round(np.random.default_rng(0).gamma(2, 40, (adata.n_obs, 12)) * 10)
    wide = with_features(adata, GENES[:12], stored)
    kinds = ["Gene Expression"] * N + ["Protein Expression"] * 12
    path = write_xenium(folder / "xenium", _for_xenium(wide, kinds))
    with h5py.File(path / "cell_feature_matrix.h5", "a") as file:
        file.attrs["protein_scaling_factor"] = 10.0
    return _case(path, folder)


@case
def xenium_with_file_names_of_geo(folder: Path) -> Case:
    path = write_xenium(folder / "xenium", _for_xenium(query()))
    (path / "cell_feature_matrix.h5").rename(path / "GSM0000001_s1_cell_feature_matrix.h5")
    with (path / "cells.parquet").open("rb") as plain, gzip.open(path / "GSM0000001_s1_cells.parquet.gz", "wb") as out:
        shutil.copyfileobj(plain, out)
    (path / "cells.parquet").unlink()
    return _case(path, folder)


@case
def merscope_with_file_names_of_geo(folder: Path) -> Case:
    path = write_merscope(folder / "region", query(), in_order=True)
    for file in list(path.glob("*.csv")):
        with gzip.open(path / f"GSM0000002_{file.name}.gz", "wb") as out:
            out.write(file.read_bytes())
        file.unlink()
    return _case(path, folder)


def _cosmx(folder: Path, *, matrix: Table | None = None, metadata: Table | None = None) -> Path:
    path = write_cosmx(folder / "cosmx", query(), named=True)
    for file, change in (("Run1_exprMat_file.csv", matrix), ("Run1_metadata_file.csv", metadata)):
        if change is not None:
            _rewrite(path / file, change)
    return path


@case
def cosmx_with_missing_flags(folder: Path) -> Case:
    flags: Table = lambda table: table.assign(qcFlagsCell=["True" if i % 3 else "" for i in range(len(table))])  # noqa: E731
    return _case(_cosmx(folder, metadata=flags), folder)


@case
def cosmx_with_conflicting_columns(folder: Path) -> Case:
    conflicting = {"Mean.CD68": "1.0", "Mean.CD68/CK8_18": "2.0", "_index": "3", "when": "2024-01-01"}
    return _case(_cosmx(folder, metadata=lambda table: table.assign(**conflicting)), folder)


@case
def cosmx_with_other_column_names(folder: Path) -> Case:
    other_names = {"fov": "FOV", "cell_ID": "cell_id"}
    upper: Table = lambda table: table.rename(  # noqa: E731
        columns={**other_names, "CenterX_global_px": "centerx.global.px", "CenterY_global_px": "CENTERY_GLOBAL_PX"}
    )
    path = _cosmx(folder, matrix=lambda table: table.rename(columns=other_names), metadata=upper)
    return _case(path, folder)


def _mex(folder: Path, names: tuple[str, str, str], n_columns: int) -> Path:
    adata, path = query(), folder / "matrix"
    path.mkdir(parents=True)
    mmwrite(path / "matrix.mtx", adata.X.T.astype(int))
    lines = [("\t".join([f"id{i}", gene, "Gene Expression"][:n_columns])) for i, gene in enumerate(GENES)]
    (path / "features.tsv").write_text("\n".join(lines) + "\n")
    (path / "barcodes.tsv").write_text("\n".join(adata.obs_names) + "\n")
    for old, new in zip(("matrix.mtx", "features.tsv", "barcodes.tsv"), names, strict=True):
        content = (path / old).read_bytes()
        (path / old).unlink()
        (path / new).write_bytes(gzip.compress(content) if new.endswith(".gz") else content)
    return path


@case
def matrix_of_three_column_features(folder: Path) -> Case:
    return _case(_mex(folder, ("GSM1_s_matrix.mtx.gz", "GSM1_s_features.tsv.gz", "GSM1_s_barcodes.tsv.gz"), 3), folder)


@case
def matrix_of_cell_ranger_2(folder: Path) -> Case:
    return _case(_mex(folder, ("matrix.mtx", "genes.tsv", "barcodes.tsv"), 2), folder)


@case
def xenium_with_arrow_columns_of_all_kinds(folder: Path) -> Case:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = write_xenium(folder / "xenium", _for_xenium(query()))
    table = pq.read_table(path / "cells.parquet")
    n, moment = table.num_rows, datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    index = table.schema.get_field_index("cell_id")
    table = table.set_column(index, "cell_id", table.column("cell_id").cast(pa.large_string()))
    columns = {
        "kind": pa.array(["a", None] * (n // 2)).dictionary_encode(),
        "decimal": pa.array([decimal.Decimal("1.5")] * n),
        "moment": pa.array([moment] * n),
        "list": pa.array([[1, 2]] * n),
        "record": pa.array([{"a": 1}] * n),
        "duration": pa.array([datetime.timedelta(seconds=3)] * n),
        "nothing": pa.nulls(n),
        "half": pa.array(np.ones(n, dtype=np.float16)),
    }
    for name, values in columns.items():
        table = table.append_column(name, values)
    pq.write_table(table, path / "cells.parquet")
    return _case(path, folder)


@case
def cosmx_with_merged_probes(folder: Path) -> Case:
    names = {"TPSAB1": "TPSAB1/B2", "XCL1": "XCL1/2", "HSPA1A": "HSPA1A/B"}
    merge: Table = lambda table: table.drop(columns=["TPSB2", "XCL2", "HSPA1B"]).rename(columns=names)  # noqa: E731
    return _case(_cosmx(folder, matrix=merge), folder, N - 3)


@case
def cosmx_with_repeated_cells(folder: Path) -> Case:
    def repeat(table: pd.DataFrame) -> pd.DataFrame:
        repeated = table.iloc[:9].copy()
        repeated.iloc[:, 2:] = ""
        return pd.concat([table, repeated])

    return _case(_cosmx(folder, matrix=repeat), folder)


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={"Unnamed: 0": "EntityID"}).reset_index().rename(columns={"index": ""})


@case
def merscope_with_row_numbers(folder: Path) -> Case:
    path = write_merscope(folder / "region", query())
    for file in path.glob("*.csv"):
        _rewrite(file, _numbered)
    return _case(path, folder)


@case
def merscope_with_row_numbers_in_its_metadata(folder: Path) -> Case:
    path = write_merscope(folder / "region", query())
    _rewrite(path / "cell_metadata.csv", _numbered)
    return _case(path, folder)


@case
def merscope_with_semicolons(folder: Path) -> Case:
    path = write_merscope(folder / "region", query())
    for file in path.glob("*.csv"):
        file.write_text(file.read_text().replace(",", ";").replace(".", ","))
    return _case(path, folder)


def _tables(folder: Path, *names: str) -> Path:
    from spatialdata import SpatialData
    from spatialdata.models import TableModel

    path = folder / "store.zarr"
    folder.mkdir(parents=True, exist_ok=True)
    SpatialData(tables={name: TableModel.parse(query()) for name in names}).write(path)
    return path


@case
def spatialdata_with_two_tables(folder: Path) -> Case:
    return _case(_tables(folder, "square_008um", "square_016um"), folder, "has the tables square_008um, square_016um")


@case
def spatialdata_with_the_path_of_a_table(folder: Path) -> Case:
    return _case(_tables(folder, "square_008um", "square_016um") / "tables" / "square_008um", folder)
