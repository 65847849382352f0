"""Cells are selected by label, and rows of several references get unique names."""

from pathlib import Path

import pandas as pd
import pytest

from spatialcore.annotation.references.choice import choose_cells, excluded_labels, inspect_references, joined_obs
from spatialcore.annotation.references.labels import DEFAULT_EXCLUDE_LABELS
from spatialcore.errors import InputError
from tests.workflow import tissue


def test_labels_to_leave_out() -> None:
    assert excluded_labels(None) == list(DEFAULT_EXCLUDE_LABELS)
    assert excluded_labels([]) == []
    with pytest.raises(InputError, match="exclude_labels is the string 'B cell'"):
        excluded_labels("B cell")


def test_cells_are_drawn_in_proportion_and_excluded_labels_are_not(tmp_path: Path) -> None:
    tissue.reference(per_type=40).write_h5ad(tmp_path / "ref.h5ad")
    (reference,) = inspect_references([str(tmp_path / "ref.h5ad")], ["cell_type"], None, 0)
    choose_cells([reference], 60, 10, excluded=["B cell"], uninformative=True, random_state=0)
    assert pd.Series(reference.drawn).value_counts().to_dict() == dict.fromkeys(set(tissue.TYPES) - {"B cell"}, 15)
    assert [(entry["label"], entry["n_cells"]) for entry in reference.dropped] == [("B cell", 40)]


def test_equal_cell_names_of_references_are_made_unique() -> None:
    def rows(source: str) -> pd.DataFrame:
        return pd.DataFrame({"original_label": ["B", "T"], "reference_source": source}, index=["cell", "cell"])

    obs = joined_obs([rows("a"), rows("b")])
    assert list(obs.index) == ["cell-a", "cell-a-1", "cell-b", "cell-b-1"]
    assert list(obs["original_label"].cat.categories) == ["B", "T"]
