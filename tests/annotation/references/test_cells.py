"""Which cells of a reference are left out, drawn and read."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation.references.cells import (
    draw_cells,
    drop_labels,
    drop_rare_types,
    read_cells,
    reasons_to_drop,
    require_two,
)
from spatialcore.annotation.references.reference import Reference, inspect_reference
from spatialcore.columns import ONTOLOGY_ID, ORIGINAL_LABEL, REFERENCE_DONOR, REFERENCE_SOURCE
from spatialcore.errors import InputError
from tests.annotation.reference_data import GENES, LABELS, Write, make_reference


def opened(write: Write, labels: list[str | None] = LABELS, name: str = "ref.h5ad") -> Reference:
    path: Path = write(make_reference(labels=labels), name)
    return inspect_reference(str(path), path, path.stem, "cell_type", 42)


def test_excluded_labels_and_cells_without_a_label_are_left_out(write: Write) -> None:
    reference = opened(write, [*LABELS, None])
    drop_labels(reference, ["doublet", "absent"])
    assert reference.dropped == [
        {"label": None, "reason": "no label", "n_cells": 1},
        {"label": "doublet", "reason": "excluded label", "n_cells": 5},
    ]
    assert sorted(reference.labels.categories) == ["B cell", "NK cell", "T cell", "Unknown", "mast cell"]
    assert (reference.labels.codes < 0).sum() == 6
    with pytest.raises(InputError, match=r"no labelled cell is left in ref\.h5ad"):
        drop_labels(reference, list(reference.labels.categories))


def test_uninformative_labels_are_left_out_if_requested(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    reference = opened(write)
    drop_labels(reference, ["doublet"], uninformative=True)
    assert {entry["label"]: entry["reason"] for entry in reference.dropped} == {
        "doublet": "excluded label",
        "Unknown": "label names no cell type",
    }
    assert "left out 7 cells whose label names no cell type: Unknown (7)" in caplog.text
    assert reasons_to_drop(["Unknown"], [], uninformative=False) == {}


def test_the_draw_is_in_proportion_with_a_floor(write: Write) -> None:
    reference = opened(write)
    draw_cells(reference, 60, 4, 42)
    counts = pd.Series(reference.drawn).value_counts()
    assert len(reference.rows) == 60
    assert counts.min() >= 4
    assert counts["B cell"] > counts["NK cell"]
    first = reference.rows
    draw_cells(reference, 60, 4, 42)
    np.testing.assert_array_equal(reference.rows, first)


def test_rare_types_are_counted_over_all_references(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    references = [
        opened(write, ["B"] * 6 + ["T"] * 2, "a.h5ad"),
        opened(write, ["B"] * 6 + ["T"] * 2 + ["NK"], "b.h5ad"),
    ]
    for reference in references:
        draw_cells(reference, 100, 1, 0)
    drop_rare_types(references, 4, remove=False)
    assert [len(reference.rows) for reference in references] == [8, 9]
    assert (
        "labels with fewer than 4 cells are not left out yet, because several labels may be one class: NK (1)"
        in caplog.text
    )
    drop_rare_types(references, 4, remove=True)
    assert [len(reference.rows) for reference in references] == [8, 8]  # T has 2 + 2 cells
    assert references[1].dropped == [{"label": "NK", "reason": "fewer than 4 cells", "n_cells": 1}]
    with pytest.raises(InputError, match="no cell type has 50 cells"):
        drop_rare_types(references, 50, remove=True)


def test_a_classifier_needs_two_types() -> None:
    require_two(["B", "T"])
    with pytest.raises(InputError, match="only one cell type is left: 'B'"):
        require_two(["B"])


def test_counts_and_columns_of_the_drawn_cells(write: Write) -> None:
    adata = make_reference()
    adata.obs["donor_id"] = [f"d{i % 3}" for i in range(adata.n_obs)]
    adata.obs[ONTOLOGY_ID] = ["CL:0000236"] * 60 + ["unknown"] * (adata.n_obs - 60)
    path = write(adata)
    reference = inspect_reference(str(path), path, "ref", "cell_type", 42)
    reference.rows = np.array([0, 61, 100])
    positions = reference.features.positions(["GENE7", "GENE2"])
    counts, obs = read_cells(reference, list(positions), False, 42)
    np.testing.assert_array_equal(
        counts.toarray(), adata.uns["truth"][reference.rows][:, [GENES.index("GENE7"), GENES.index("GENE2")]]
    )
    assert reference.counts_kind == "raw"
    assert obs.index.tolist() == ["cell0", "cell61", "cell100"]
    assert obs[ORIGINAL_LABEL].tolist() == ["B cell", "T cell", "T cell"]
    assert set(obs[REFERENCE_SOURCE]) == {"ref"}
    assert obs[REFERENCE_DONOR].tolist() == ["ref: d0", "ref: d1", "ref: d1"]
    assert obs[ONTOLOGY_ID].tolist() == ["CL:0000236", "", ""]
