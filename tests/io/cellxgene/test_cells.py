"""obs columns and cell type ids of a CELLxGENE data set."""

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.errors import InputError
from spatialcore.io.cellxgene.cells import AUTHOR_CELL_TYPE, cell_columns, cell_type_ids


def annotated(calls: list[str | None], ids: list[str], **obs: object) -> AnnData:
    frame = pd.DataFrame({columns.CELL_TYPE: calls, columns.ONTOLOGY_ID: ids, **obs})
    return AnnData(np.ones((len(calls), 1)), obs=frame.set_axis([f"c{i}" for i in range(len(calls))]))


def test_ids_of_calls() -> None:
    calls = ["B cell", "my class", "cell", columns.UNASSIGNED, "eukaryotic cell"]
    ids = ["CL:0000236", "", "CL:9999999", "CL:0000236", "CL:0000255"]
    assert cell_type_ids(annotated(list(calls), ids)) == ["CL:0000236", *["unknown"] * 4]


def test_call_of_another_id() -> None:
    with pytest.raises(InputError, match=r"'B cell' with CL:0000084 \(T cell\)"):
        cell_type_ids(annotated(["B cell"], ["CL:0000084"]))


def test_reserved_columns_are_removed_and_strings_are_categories() -> None:
    adata = annotated(["B cell", None], ["CL:0000236", ""], sex="f", __temporary=1, area=2.5, note=["a", None])
    obs = cell_columns(adata)
    assert set(obs) == {"area", "note", AUTHOR_CELL_TYPE, columns.ONTOLOGY_ID}
    assert obs["note"].tolist() == ["a", ""]
    assert isinstance(obs["note"].dtype, pd.CategoricalDtype)
    assert obs[AUTHOR_CELL_TYPE].tolist() == ["B cell", columns.UNASSIGNED]
