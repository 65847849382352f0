"""Arrays compressed by LZF are read as h5py reads them; damage is an error."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from spatialcore.core.compiled import lzf
from spatialcore.core.compiled.lzf import LzfArray, library, with_fast_lzf
from spatialcore.core.matrix import open_matrix

needs_library = pytest.mark.skipif(library() is None, reason="the package was built without the library")
DTYPES = ["int8", "uint16", "int32", "int64", "float32", "float64"]


def stored(path: Path, values: np.ndarray, chunk: int = 1000, **settings: object) -> h5py.Dataset:
    file = h5py.File(path, "w")
    return file.create_dataset("values", data=values, chunks=(chunk,), **{"compression": "lzf", **settings})


def counts(rng: np.random.Generator, dtype: str, n: int = 5300) -> np.ndarray:
    return rng.poisson(0.7, n).astype(dtype)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler: the package was built without the library")
def test_the_library_exists_if_there_is_a_compiler() -> None:
    assert library() is not None


@needs_library
@pytest.mark.parametrize("dtype", DTYPES)
def test_slices_are_those_of_h5py(dtype: str, tmp_path: Path, rng: np.random.Generator) -> None:
    dataset = stored(tmp_path / "a.h5", counts(rng, dtype))
    fast = with_fast_lzf(dataset)
    assert isinstance(fast, LzfArray)
    assert (fast.shape, fast.dtype, fast.chunks) == (dataset.shape, dataset.dtype, dataset.chunks)
    for first, last in ((0, 5300), (0, 1000), (999, 1001), (1500, 4200), (5299, 9000), (20, 20), (4000, 5000)):
        assert fast[first:last].dtype == dtype
        np.testing.assert_array_equal(fast[first:last], dataset[first:last])


@needs_library
@given(values=arrays.arrays(st.sampled_from(DTYPES), st.integers(1, 600)), chunk=st.integers(1, 700))
def test_any_values_are_read(tmp_path_factory: pytest.TempPathFactory, values: np.ndarray, chunk: int) -> None:
    dataset = stored(tmp_path_factory.mktemp("lzf") / "a.h5", values, min(chunk, len(values)))
    np.testing.assert_array_equal(with_fast_lzf(dataset)[:], values)


@needs_library
@pytest.mark.parametrize("period", [1, 2, 3, 4, 5, 7, 8, 9, 300])
def test_repeated_bytes_are_read(period: int, tmp_path: Path, rng: np.random.Generator) -> None:
    values = np.concatenate([np.resize(rng.integers(0, 256, period), n) for n in (40, 300, 700)]).astype(np.uint8)
    dataset = stored(tmp_path / "a.h5", values, len(values))
    assert dataset.id.get_storage_size() < len(values)
    np.testing.assert_array_equal(with_fast_lzf(dataset)[:], values)


@needs_library
def test_chunks_that_cannot_be_compressed_are_read(tmp_path: Path, rng: np.random.Generator) -> None:
    values = np.concatenate([rng.random(1000), np.ones(1000)])
    dataset = stored(tmp_path / "a.h5", values)
    assert [dataset.id.get_chunk_info(chunk).filter_mask for chunk in (0, 1)] == [1, 0]
    np.testing.assert_array_equal(with_fast_lzf(dataset)[:], values)


@needs_library
def test_threads_read_one_array_at_the_same_time(tmp_path: Path, rng: np.random.Generator) -> None:
    values = counts(rng, "int32", 20_000)
    fast = with_fast_lzf(stored(tmp_path / "a.h5", values))
    parts = [slice(first, first + 90) for first in range(0, 19_900, 7)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(fast.__getitem__, parts))
    assert all(np.array_equal(each, values[part]) for each, part in zip(read, parts, strict=True))


@pytest.mark.parametrize(
    "settings",
    [{"compression": "gzip"}, {"shuffle": True}, {"fletcher32": True}, {"dtype": ">i4"}, {"dtype": "bool"}],
)
def test_other_arrays_are_read_by_h5py(settings: dict[str, object], tmp_path: Path) -> None:
    dataset = stored(tmp_path / "a.h5", np.arange(3000, dtype=np.int32), **settings)
    assert with_fast_lzf(dataset) is dataset


def test_arrays_that_are_not_in_chunks_of_one_dimension_are_not_changed(tmp_path: Path) -> None:
    file = h5py.File(tmp_path / "a.h5", "w")
    table = file.create_dataset("table", data=np.ones((9, 9)), compression="lzf")
    plain, values = file.create_dataset("plain", data=np.ones(9)), np.ones(9)
    part = file.create_dataset("part", (3000,), np.int32, chunks=(1000,), compression="lzf", fillvalue=7)
    part[:900] = 1  # the other chunks are not stored
    assert [with_fast_lzf(array) for array in (table, plain, part, values)] == [table, plain, part, values]


def test_without_the_library_h5py_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = stored(tmp_path / "a.h5", np.ones(2000))
    monkeypatch.setattr(lzf, "library", lambda: None)
    assert with_fast_lzf(dataset) is dataset


@needs_library
@pytest.mark.parametrize(
    "damaged",
    [
        b"\x05\x01",  # fewer bytes than stated
        b"\x00\x01\x20\x05",  # repeats bytes before the beginning
        b"\x00\x01\xe0",  # no length
        b"\x00\x01\x20",  # no distance
        b"\x00\x01\xe0\xff\x00",  # more bytes than the chunk has
        b"\x00\x01",  # fewer bytes than the chunk has
        b"",
    ],
)
def test_a_damaged_chunk_is_an_error(damaged: bytes, tmp_path: Path) -> None:
    dataset = stored(tmp_path / "a.h5", np.ones(100, np.uint8), 100)
    dataset.id.write_direct_chunk((0,), damaged or b"\x1f")
    with pytest.raises(OSError, match="the values from 0 of /values are damaged"):
        with_fast_lzf(dataset)[:]


@needs_library
def test_a_matrix_is_read_with_it(tmp_path: Path) -> None:
    file = h5py.File(tmp_path / "a.h5", "w")
    file.attrs.update({"encoding-type": "csr_matrix", "shape": (2, 3)})
    for name, values in (("data", [1.0, 2.0]), ("indices", [0, 2]), ("indptr", [0, 1, 2])):
        file.create_dataset(name, data=np.array(values), chunks=(2,), compression="lzf")
    matrix = open_matrix(file)
    assert isinstance(matrix.data, LzfArray)
    assert matrix.take(np.arange(2)).toarray().tolist() == [[1, 0, 0], [0, 0, 2]]
