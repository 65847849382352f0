"""A temporary copy has the values of its source in a small file."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from spatialcore.core.on_disk import scratch
from spatialcore.core.on_disk.scratch import ScratchArray, narrowed, scratch_copy


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "BLOCK", 7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64])
def test_slices_are_those_of_the_source(dtype):
    source = np.random.default_rng(0).integers(0, 70_000, 50).astype(dtype)
    source[10:20] = 3
    copy = ScratchArray(source)
    for first, last in ((0, 50), (0, 7), (6, 8), (13, 41), (49, 99), (20, 20)):
        assert copy[first:last].dtype == dtype
        assert copy[first:last].tolist() == source[first:last].tolist()
    assert copy.shape == (50,)


def test_values_that_are_not_counts_are_preserved():
    source = np.array([0.5, -1.0, np.nan, np.inf, 3e9, 2.0**40, 0.0, 1.0], np.float64)
    assert np.array_equal(ScratchArray(source)[:], source, equal_nan=True)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [([0.0, 255.0], "uint8"), ([256.0], "uint16"), ([70_000.0], "uint32"), ([0.5], "float64"), ([-1.0], "float64")],
)
def test_the_narrowest_type_is_chosen(values, dtype):
    assert narrowed(np.array(values)).dtype == dtype


def test_without_disk_space_the_file_itself_is_read(monkeypatch, caplog):
    def full(**_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", full)
    source = np.arange(3.0)
    assert scratch_copy(source) is source
    assert "No space left" in caplog.text


def test_threads_read_one_copy_at_the_same_time():
    source = np.random.default_rng(0).integers(0, 70_000, 20_000).astype(np.float32)
    copy = ScratchArray(source)
    parts = [slice(first, first + 90) for first in range(0, 19_900, 7)]
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(copy.__getitem__, parts))
    assert all(np.array_equal(values, source[part]) for values, part in zip(read, parts, strict=True))


def test_an_incomplete_copy_is_not_used(monkeypatch, caplog):
    class Full:
        def write(self, content: bytes) -> int:
            return len(content) // 2

    monkeypatch.setattr(scratch.tempfile, "TemporaryFile", lambda **_: Full())
    source = np.arange(3.0)
    assert scratch_copy(source) is source
    assert "no space" in caplog.text
