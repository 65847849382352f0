"""All values that pandas, pyarrow and anndata support can be written and are read without loss."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from spatialcore.io import write_annotated
from spatialcore.io.storable import make_storable
from tests.io.odd_frames import INDEXES, NAMES, UNS, N, columns

pytestmark = pytest.mark.filterwarnings("ignore")
COLUMNS = columns()
COUNTS = sp.csr_matrix(np.arange(N * 3).reshape(N, 3).astype(np.float32))


def data(obs: pd.DataFrame | None = None, **parts: Any) -> ad.AnnData:
    names = pd.DataFrame(index=[f"c{i}" for i in range(N)])
    return ad.AnnData(
        COUNTS.copy(), names if obs is None else obs, pd.DataFrame(index=["CD4", "CD8A", "MS4A1"]), **parts
    )


def write_and_read(adata: ad.AnnData, folder: Path, kind: str) -> ad.AnnData:
    path = write_annotated(adata, folder / f"x.{kind}")
    return ad.read_h5ad(path) if kind == "h5ad" else ad.read_zarr(path)


def missing(values: Any) -> list[bool]:
    return pd.Series(list(values)).isna().tolist()


@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_columns_of_every_kind_round_trip(kind: str, tmp_path: Path) -> None:
    obs = pd.DataFrame({name: pd.Series(values) for name, values in COLUMNS.items()})
    obs.index = pd.Index([f"c{i}" for i in range(N)])
    restored = write_and_read(data(obs.copy()), tmp_path, kind)
    assert list(restored.obs.columns) == list(COLUMNS)
    columns_with_losses = [name for name in COLUMNS if missing(restored.obs[name]) != missing(obs[name])]
    assert columns_with_losses == []


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("objects_flags_gap", ["True", "<NA>", "True", "True"]),
        ("objects_integers_gap", ["0", "<NA>", "2", "3"]),
        ("nullable_string", ["w0", "nan", "w2", "w0"]),
        ("objects_mixed", ["a", "1", "2.5", "nan"]),
        ("objects_dates", ["2024-01-01", "nan", "2024-01-03", "2024-01-04"]),
        ("objects_lists", ["[1, 2]", "x", "nan", "[1, 2]"]),
        ("numpy_f2", ["0.0", "1.0", "2.0", "3.0"]),
        ("objects_huge", [str(10**25)] * 4),
        ("category_mixed", ["a", "1", "a", "1"]),
        ("arrow_binary", ["x", "nan", "x", "x"]),
    ],
)
def test_values_round_trip(name: str, texts: list[str], tmp_path: Path) -> None:
    restored = write_and_read(
        data(pd.DataFrame({name: COLUMNS[name]}, index=[f"c{i}" for i in range(N)])), tmp_path, "h5ad"
    )
    assert [str(value) for value in restored.obs[name].astype(object)[:4]] == texts


@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_columns_with_unusual_names_are_written(kind: str, tmp_path: Path) -> None:
    for i, names in enumerate(NAMES):
        obs = pd.DataFrame({i: np.arange(N) + 100 * i for i in range(len(names))}, index=[f"c{i}" for i in range(N)])
        obs.columns = pd.Index(names, tupleize_cols=False)
        (tmp_path / str(i)).mkdir()
        restored = write_and_read(data(obs), tmp_path / str(i), kind)
        assert sorted(restored.obs.iloc[0]) == [100 * i for i in range(len(names))], names


@pytest.mark.parametrize("index", INDEXES)
def test_names_of_cells_of_any_kind(index: str, tmp_path: Path) -> None:
    adata = data()
    adata.obs = pd.DataFrame({"a": range(N)}, index=INDEXES[index])
    restored = write_and_read(adata, tmp_path, "h5ad")
    expected = [v.decode() if isinstance(v, bytes) else str(v) for v in INDEXES[index]]
    assert list(restored.obs_names) == expected
    assert list(restored.obs["a"]) == list(range(N))


@pytest.mark.parametrize("kind", ["h5ad", "zarr"])
def test_elements_of_uns_of_any_kind(kind: str, tmp_path: Path) -> None:
    adata = data()
    adata.uns = {name: {"element": element, "other": i} for i, (name, element) in enumerate(UNS.items())}
    restored = write_and_read(adata, tmp_path, kind)
    assert sorted(part["other"] for part in restored.uns.values()) == list(range(len(UNS)))
    assert "element" not in restored.uns["none"] or restored.uns["none"]["element"] is None
    assert restored.uns["list_mixed"]["element"] == '["a", 1, null]'
    assert restored.uns["date"]["element"] == "2024-01-01"


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "g", "i1", "u2", "i8", "b1", ">f4", ">i2"])
@pytest.mark.parametrize("part", ["X", "layer", "obsm"])
def test_matrices_of_every_type_round_trip(dtype: str, part: str, tmp_path: Path) -> None:
    adata, values = data(), np.arange(N * 3).reshape(N, 3).astype(dtype)
    if part == "X":
        adata.X = values
    elif part == "layer":
        adata.layers["a"] = values
    else:
        adata.obsm["a"] = values
    restored = write_and_read(adata, tmp_path, "h5ad")
    result = {"X": restored.X, "layer": restored.layers.get("a"), "obsm": restored.obsm.get("a")}[part]
    np.testing.assert_array_equal(np.asarray(result, float), values.astype(float))


def test_storable_data_are_unchanged() -> None:
    obs = pd.DataFrame({"a": [1.0] * N, "b": pd.Categorical(["x"] * N)}, index=[f"c{i}" for i in range(N)])
    adata = data(obs)
    x, frame = adata.X, adata.obs.copy()
    assert make_storable(adata) is adata
    assert adata.X is x
    pd.testing.assert_frame_equal(adata.obs, frame)


def test_the_frame_of_raw_is_converted(tmp_path: Path) -> None:
    adata = data()
    adata.raw = adata.copy()
    adata.raw.var["_index"] = ["a", "b", "c"]
    adata.raw.var["kind"] = pd.array(["x", None, "y"], dtype="string")
    restored = write_and_read(adata, tmp_path, "h5ad")
    assert list(restored.raw.var["_index_column"]) == ["a", "b", "c"]
    assert missing(restored.raw.var["kind"]) == [False, True, False]
    assert (restored.raw.X != COUNTS).nnz == 0
