"""Columns of frames in files, compared with anndata, and damaged columns."""

import h5py
import numpy as np
import pandas as pd
import pytest
from anndata.io import write_elem

from spatialcore.core.on_disk import frames
from spatialcore.core.on_disk.frames import as_text_categories, frame_columns, frame_length, read_column, text_of
from spatialcore.errors import InputError

FRAME = pd.DataFrame(
    {
        "number": np.arange(6.0),
        "text": list("abcdef"),
        "type": pd.Categorical(["B", "T", None, "B", "T", "B"], categories=["T", "B"], ordered=True),
        "nullable": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
        "flag": pd.array([True, False, None, True, True, False], dtype="boolean"),
    },
    index=[f"c{i}" for i in range(6)],
)


@pytest.fixture
def group(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_elem(file, "obs", FRAME)
        yield file["obs"]


def test_names_and_length(group):
    assert frame_columns(group) == list(FRAME.columns)
    assert frame_length(group) == 6


@pytest.mark.parametrize("column", FRAME.columns)
@pytest.mark.parametrize("rows", [None, np.array([0, 2, 5]), np.array([], dtype=np.int64)])
def test_column_equals_pandas(group, column, rows, monkeypatch):
    monkeypatch.setattr(frames, "BLOCK_ROWS", 2)
    expected = FRAME[column] if rows is None else FRAME[column].iloc[rows]
    values = pd.Series(read_column(group, column, rows))
    assert values.astype(object).where(values.notna(), None).tolist() == (
        expected.astype(object).where(expected.notna(), None).tolist()
    )


def test_column_of_another_length(group):
    del group["number"]
    group["number"] = np.arange(5.0)
    with pytest.raises(InputError, match=r"column 'number' has shape \(5,\), expected \(6,\)"):
        read_column(group, "number")


def test_compound_frames_of_old_files():
    frame = np.array([(b"c0", 1.5, b"B"), (b"c1", 2.5, b"T")], dtype=[("index", "S2"), ("x", "f4"), ("type", "S1")])
    assert frame_columns(frame) == ["x", "type"]
    assert frame_length(frame) == 2
    assert read_column(frame, "type", np.array([1])).tolist() == ["T"]


def test_labels_as_text():
    assert [text_of(value) for value in (3.0, 2.5, " B cell ", 7)] == ["3", "2.5", "B cell", "7"]
    labels = as_text_categories(pd.Categorical(["B cell", " B cell", None]))
    assert labels.categories.tolist() == ["B cell"]
    assert labels.codes.tolist() == [0, 0, -1]
