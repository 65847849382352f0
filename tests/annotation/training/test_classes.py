"""Classes of training cells and their terms, on small examples."""

import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.training.classes import drop_empty_classes, read_labels, require_repeats
from spatialcore.errors import InputError, LabelColumnError

B, T = "CL:0000236", "CL:0000084"
OBS = pd.DataFrame(
    {
        "label": ["T cell", " T cell", "B cell", None, "", "odd"],
        "id": [T, "CL:0000624", B, B, B, "unknown"],
    }
)


def test_classes_are_sorted_and_unlabelled_cells_counted(caplog: pytest.LogCaptureFixture) -> None:
    labels = read_labels(OBS, "label", "id")
    assert labels.names == ("B cell", "T cell", "odd")
    assert labels.rows.tolist() == [0, 1, 2, 5]
    assert labels.codes.tolist() == [1, 1, 0, 2]
    assert labels.n_unlabelled == 2
    assert "left out 2 cells without a label in 'label'" in caplog.text


def test_a_class_has_the_most_frequent_id_of_its_cells() -> None:
    obs = pd.DataFrame({"label": ["T"] * 4 + ["B"] * 2, "id": ["CL:0000624", T, T, "", None, "nan"]})
    assert read_labels(obs, "label", "id").ontology_ids == {"T": T, "B": ""}
    assert read_labels(obs, "label", "absent").ontology_ids == {"T": "", "B": ""}


def test_ids_as_labels_become_names_of_terms() -> None:
    obs = pd.DataFrame({"label": [T, B, "unknown"], "original_label": ["t", "b", "stroma"]})
    labels = read_labels(obs, "label", "id")
    assert labels.names == ("B cell", "T cell", "stroma")
    assert labels.ontology_ids["T cell"] == T
    assert labels.ontology_ids["stroma"] == ""


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("absent", "Label column not found: 'absent'"),
        ("one", "'one' has only 'B'"),
        ("none", "'none' has no label"),
    ],
)
def test_two_classes_are_needed(column: str, message: str) -> None:
    obs = pd.DataFrame({"one": ["B", None], "none": [None, ""]})
    with pytest.raises(LabelColumnError, match=message):
        read_labels(obs, column, "id")


def test_classes_without_counts_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    labels = read_labels(OBS, "label", "id")
    assert drop_empty_classes(labels, np.ones(4)) is labels
    filled = drop_empty_classes(labels, np.array([5.0, 0.0, 0.0, 2.0]))
    assert filled.names == ("T cell", "odd")
    assert filled.rows.tolist() == [0, 1, 5]
    assert filled.codes.tolist() == [0, 0, 1]
    assert filled.n_unlabelled == 3
    assert set(filled.ontology_ids) == {"T cell", "odd"}
    assert "classes without counts on the genes are left out: B cell" in caplog.text
    with pytest.raises(LabelColumnError, match=r"classes without counts on the genes: 2 of 3 \(B cell, odd\)"):
        drop_empty_classes(labels, np.array([1.0, 0.0, 0.0, 0.0]))


def test_classes_of_one_cell_each_are_refused() -> None:
    require_repeats([1, 2])
    with pytest.raises(InputError, match="each of 3 classes has one training cell"):
        require_repeats([1, 1, 1])
