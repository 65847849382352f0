"""Target proportions: files, names of types, and numbers of cells."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialcore.annotation.balance.proportions import match_groups, read_proportions, resolve_sizes
from spatialcore.errors import FileMissingError, InputError


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_proportions_from_a_file(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"proportions.{suffix}"
    shares = {"NK cell": 0.02, "plasma cell": 0.01}
    csv = "\ufeffcell_type,proportion\nNK cell,0.02\n\nplasma cell, 0.01\n"
    path.write_text(json.dumps(shares) if suffix == "json" else csv, encoding="utf-8")
    assert read_proportions(path) == read_proportions(str(path)) == read_proportions(shares) == shares


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("p.json", "[1, 2]", "not a JSON object"),
        ("p.json", "{", "cannot be read"),
        ("p.json", '{"B": 0.1, "B": 0.2}', "twice"),
        ("p.json", "{}", "empty"),
        ("p.csv", "type,share\nB,0.1\n", "columns type, share"),
        ("p.csv", "", "columns none"),
        ("p.csv", "cell_type,proportion\nB\n", "above 0"),
        ("p.csv", "\udcff\udcfe", "cannot be read"),
        ("p.txt", "B 0.1", "neither"),
    ],
)
def test_invalid_files_of_proportions(name: str, content: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=text):
        read_proportions(tmp_path / name)


def test_a_missing_file_of_proportions(tmp_path: Path) -> None:
    with pytest.raises(FileMissingError, match=r"p\.csv"):
        read_proportions(tmp_path / "p.csv")


NAMES = {"NK": {1}, "natural killer cell": {1}, "B": {0}, "lymphocyte": {0, 1}}


def test_keys_are_groups_or_other_names_regardless_of_case() -> None:
    groups = ["CL:0000236", "CL:0000623", "odd"]
    assert match_groups(["CL:0000236", "nk", "ODD"], groups, NAMES) == [[0], [1], [2]]
    assert match_groups(["lymphocyte"], groups, NAMES) == [[0, 1]]
    with pytest.raises(InputError, match=r"names 'natural killer', which no cell has\n  -> similar types: natural"):
        match_groups(["natural killer"], groups, NAMES)
    with pytest.raises(InputError, match="names one type twice: 'lymphocyte' and 'NK'"):
        match_groups(["lymphocyte", "NK"], groups, NAMES)


def test_sizes_worked_by_hand() -> None:
    # 900 cells without a share are 90 % of the result: 1,000 cells, of which 100 are of the first type
    sizes = resolve_sizes(np.array([400, 900]), np.array([400, 5000]), [0.1], [[0]], 1)
    assert sizes.tolist() == [100, 900]
    # only 50 cells are available, and all are used
    assert resolve_sizes(np.array([50, 900]), np.array([400, 5000]), [0.1], [[0]], 1).tolist() == [50, 900]
    # shares that sum to one: the scarcest type limits the size
    assert resolve_sizes(np.array([400, 300]), np.array([400, 300]), [0.8, 0.2], [[0], [1]], 1).tolist() == [400, 100]
    with pytest.raises(InputError, match="sum to 1, but types without a share: 1"):
        resolve_sizes(np.array([5, 5]), np.array([5, 5]), [1.0], [[0]], 1)


@settings(max_examples=100, deadline=None)
@given(
    available=st.lists(st.integers(20, 500), min_size=3, max_size=6),
    share=st.floats(0.01, 0.4),
    cap=st.integers(20, 400),
)
def test_a_share_holds_or_the_type_is_at_a_limit(available: list[int], share: float, cap: int) -> None:
    limits = np.minimum(available, cap)
    sizes = resolve_sizes(np.array(available), np.full(len(available), cap), [share, share / 2], [[0], [1]], 5)
    assert (sizes <= limits).all()
    assert (sizes[2:] == limits[2:]).all()
    for size, limit, expected in zip(sizes, limits, (share, share / 2), strict=False):
        assert size in (limit, 5) or abs(size - expected * sizes.sum()) <= 1
