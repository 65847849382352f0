"""Validation of arguments."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from spatialcore.core.validation import (
    require_adata,
    require_column,
    require_list,
    require_one_of,
    require_whole,
    require_within,
    short,
    to_change,
)
from spatialcore.errors import InputError, LabelColumnError


def test_valid_values():
    assert require_whole("n", np.int32(3), minimum=3, hint="") == 3
    assert require_within("share", np.float32(0.5), 0, 1, hint="") == 0.5
    assert require_list("genes", ("A", "B")) == ["A", "B"]


@pytest.mark.parametrize("value", [2, True, 3.0, "3", None])
def test_integers(value):
    with pytest.raises(InputError, match=r"n is .*, expected an integer >= 3\n  -> pass n"):
        require_whole("n", value, minimum=3, hint="pass n")


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "0.5", float("nan")])
def test_numbers(value):
    with pytest.raises(InputError, match=r"share is .*, expected a number from 0 to 1"):
        require_within("share", value, 0, 1, hint="")


@pytest.mark.parametrize(("value", "message"), [("CD3E", "the string 'CD3E'"), ([], "empty list"), (3, "type int")])
def test_lists(value, message):
    with pytest.raises(InputError, match=message):
        require_list("genes", value)


def test_choices():
    require_one_of("trainer", "logistic", ("celltypist", "logistic"))
    with pytest.raises(InputError, match=r"unknown trainer 'forest'\n  -> choose one of celltypist, logistic"):
        require_one_of("trainer", "forest", ("celltypist", "logistic"))


def test_columns():
    require_column(pd.DataFrame({"donor": []}), "donor")
    with pytest.raises(LabelColumnError, match=r"^Label column not found: 'a'\. Columns: none\n  -> list the columns"):
        require_column([], "a")
    with pytest.raises(LabelColumnError, match=r"^Source column not found: 'a' in x\.h5ad\. Columns: b\n  -> use b$"):
        require_column(["b"], "a", what="Source column", where="x.h5ad", hint="use b")


def test_a_value_in_a_message_is_one_line():
    assert "\n" not in short(pd.DataFrame({"a": [1, 2]}))


def test_data_in_backed_mode_are_not_copied(tmp_path: Path) -> None:
    anndata.AnnData(np.ones((3, 2))).write_h5ad(tmp_path / "a.h5ad")
    backed = anndata.read_h5ad(tmp_path / "a.h5ad", backed="r")
    assert to_change(backed, copy=False) is backed
    for adata, copy in ((backed, True), (backed[:2], False)):
        with pytest.raises(InputError, match="backed mode") as error:
            to_change(adata, copy=copy)
        assert "to_memory()" in error.value.hint


def test_names_of_several_parts_are_refused() -> None:
    adata = anndata.AnnData(np.ones((4, 1)))
    adata.obs.index = pd.MultiIndex.from_product([["s1", "s2"], ["a", "b"]])
    with pytest.raises(InputError, match="obs_names have 2 levels"):
        require_adata(adata)
