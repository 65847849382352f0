"""Arrays compressed by gzip are read as h5py reads them; damage is an error."""

import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spatialcore.core.matrix import open_matrix
from spatialcore.core.on_disk.gzip_array import MAX_CHUNK_BYTES, GzipArray, gzip_array

DTYPES = ["int8", "uint16", "int32", "int64", "float32", "float64"]


def stored(path: Path, values: np.ndarray, chunk: int = 1000, **settings: object) -> h5py.Dataset:
    file = h5py.File(path, "w")
    return file.create_dataset("values", data=values, chunks=(chunk,), **{"compression": "gzip", **settings})


def counts(rng: np.random.Generator, dtype: str, n: int = 5300) -> np.ndarray:
    return rng.poisson(0.7, n).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_slices_are_those_of_h5py(dtype: str, tmp_path: Path, rng: np.random.Generator) -> None:
    dataset = stored(tmp_path / "a.h5", counts(rng, dtype))
    fast = gzip_array(dataset)
    assert isinstance(fast, GzipArray)
    assert (fast.shape, fast.dtype, fast.chunks) == (dataset.shape, dataset.dtype, dataset.chunks)
    for first, last in ((0, 5300), (0, 1000), (999, 1001), (1500, 4200), (5299, 9000), (20, 20), (4000, 5000)):
        assert fast[first:last].dtype == dtype
        np.testing.assert_array_equal(fast[first:last], dataset[first:last])


@pytest.mark.parametrize("dtype", DTYPES)
def test_shuffled_bytes_are_put_in_order(dtype: str, tmp_path: Path, rng: np.random.Generator) -> None:
    values = counts(rng, dtype)
    fast = gzip_array(stored(tmp_path / "a.h5", values, shuffle=True))
    assert isinstance(fast, GzipArray)
    np.testing.assert_array_equal(fast[:], values)
    np.testing.assert_array_equal(fast[1999:4001], values[1999:4001])


@given(values=arrays.arrays(st.sampled_from(DTYPES), st.integers(1, 600)), chunk=st.integers(1, 700))
def test_any_values_are_read(tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, chunk: int) -> None:
    dataset = stored(tmp_path_factory.mktemp("gzip") / "a.h5", values, min(chunk, len(values)))
    np.testing.assert_array_equal(gzip_array(dataset)[:], values)


@pytest.mark.parametrize("shuffle", [False, True])
def test_chunks_that_are_not_compressed_are_read(shuffle: bool, tmp_path: Path, rng: np.random.Generator) -> None:
    values = rng.random(2000)
    dataset = stored(tmp_path / "a.h5", values, shuffle=shuffle)
    dataset.id.write_direct_chunk((0,), values[:1000].tobytes(), filter_mask=0b11 if shuffle else 0b1)
    np.testing.assert_array_equal(gzip_array(dataset)[:], values)


def test_threads_read_one_array_at_the_same_time(tmp_path: Path, rng: np.random.Generator) -> None:
    values = counts(rng, "int32", 20_000)
    fast = gzip_array(stored(tmp_path / "a.h5", values))
    parts = [slice(first, first + 90) for first in range(0, 19_900, 7)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(fast.__getitem__, parts))
    assert all(np.array_equal(each, values[part]) for each, part in zip(read, parts, strict=True))


@pytest.mark.parametrize(
    "settings",
    [
        {"compression": "lzf"},
        {"shuffle": True, "fletcher32": True},
        {"fletcher32": True},
        {"dtype": ">i4"},
        {"dtype": "bool"},
    ],
)
def test_other_arrays_are_read_by_h5py(settings: dict[str, object], tmp_path: Path) -> None:
    dataset = stored(tmp_path / "a.h5", np.arange(3000, dtype=np.int32), **settings)
    assert gzip_array(dataset) is dataset


def test_large_chunks_are_read_by_h5py(tmp_path: Path) -> None:
    dataset = stored(tmp_path / "a.h5", np.zeros(MAX_CHUNK_BYTES // 8 + 1), MAX_CHUNK_BYTES // 8 + 1)
    assert gzip_array(dataset) is dataset


def test_arrays_that_are_not_in_chunks_of_one_dimension_are_not_changed(tmp_path: Path) -> None:
    file = h5py.File(tmp_path / "a.h5", "w")
    table = file.create_dataset("table", data=np.ones((9, 9)), compression="gzip")
    plain, values = file.create_dataset("plain", data=np.ones(9)), np.ones(9)
    part = file.create_dataset("part", (3000,), np.int32, chunks=(1000,), compression="gzip", fillvalue=7)
    part[:900] = 1  # the other chunks are not stored
    assert [gzip_array(array) for array in (table, plain, part, values)] == [table, plain, part, values]


@pytest.mark.parametrize(
    "damaged",
    [
        b"not gzip",
        zlib.compress(bytes(100))[:-6],  # truncated
        zlib.compress(bytes(99)),  # fewer bytes than the chunk has
        zlib.compress(bytes(101)),  # more bytes than the chunk has
        zlib.compress(bytes(100))[:-4] + bytes(4),  # another checksum
    ],
)
def test_a_damaged_chunk_is_an_error(damaged: bytes, tmp_path: Path) -> None:
    dataset = stored(tmp_path / "a.h5", np.ones(100, np.uint8), 100)
    dataset.id.write_direct_chunk((0,), damaged)
    with pytest.raises(OSError, match="the values from 0 of /values are damaged"):
        gzip_array(dataset)[:]


def test_a_chunk_takes_no_more_memory_than_it_should(tmp_path: Path) -> None:
    dataset = stored(tmp_path / "a.h5", np.ones(100, np.uint8), 100)
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(200_000_000)))
    tracemalloc.start()
    with pytest.raises(OSError, match="are damaged: 101 bytes"):
        gzip_array(dataset)[:]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_matrix_is_read_with_it(tmp_path: Path) -> None:
    file = h5py.File(tmp_path / "a.h5", "w")
    file.attrs.update({"encoding-type": "csr_matrix", "shape": (2, 3)})
    for name, values in (("data", [1.0, 2.0]), ("indices", [0, 2]), ("indptr", [0, 1, 2])):
        file.create_dataset(name, data=np.array(values), chunks=(2,), compression="gzip")
    matrix = open_matrix(file)
    assert isinstance(matrix.data, GzipArray)
    assert matrix.take(np.arange(2)).toarray().tolist() == [[1, 0, 0], [0, 0, 2]]
