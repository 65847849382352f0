"""One reference: name, labels, features, state, and its entry in the manifest."""

import json
from pathlib import Path

import numpy as np
import pytest

from spatialcore.annotation.references.reference import (
    describe_reference,
    find_levels,
    inspect_reference,
    source_names,
)
from spatialcore.core.provenance import sha256_of_file
from spatialcore.errors import InputError, LabelColumnError, NormalizationError
from tests.annotation.reference_data import GENES, LABELS, Write, make_reference


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["lung.h5ad"], ["lung"]),
        (["a/ref.h5ad", "b/ref.h5ad"], ["a/ref", "b/ref"]),
        (["x/a/ref.h5ad", "y/a/ref.h5ad", "b/ref.h5ad"], ["x/a/ref", "y/a/ref", "b/ref"]),
        (["ref.h5ad", "ref.h5ad"], ["ref#1", "ref#2"]),
        (["store.zarr.zip", "v1.2.h5ad"], ["store", "v1.2"]),
    ],
)
def test_names_are_as_short_as_possible(paths: list[str], names: list[str]) -> None:
    result = source_names([Path(path) for path in paths])
    assert [name if "#" not in name else "ref" + name[name.index("#") :] for name in result] == names


def test_labels_and_features_are_read_and_no_cell_is_drawn(write: Write) -> None:
    path = write(make_reference(state="log1p_10k"))
    reference = inspect_reference(str(path), path, "ref", "cell_type", 42)
    assert list(reference.labels) == LABELS
    assert reference.features.symbols == GENES
    assert (reference.n_cells, len(reference.rows), reference.has_ids) == (len(LABELS), 0, False)
    assert reference.expression.status["x_state"] == "log1p_10k"
    reference.rows = np.array([0, 60])
    assert list(reference.drawn) == ["B cell", "T cell"]


def test_unusable_references_are_refused(write: Write) -> None:
    with pytest.raises(InputError, match="holds 0 cells"):
        inspect_reference("a", path := write(make_reference()[:0]), "a", "cell_type", 42)
    scaled = make_reference()
    scaled.X = np.random.default_rng(0).normal(0, 1, scaled.shape).astype(np.float32)
    path = write(scaled, "scaled.h5ad")
    with pytest.raises(NormalizationError, match=r"Cannot safely normalize data of scaled\.h5ad"):
        inspect_reference("a", path, "a", "cell_type", 42)
    assert inspect_reference("a", path, "a", "cell_type", 42, unsafe_force=True).n_cells == len(LABELS)


def test_levels_that_are_in_no_reference_are_refused(write: Write) -> None:
    fine, coarse = make_reference(), make_reference()
    fine.obs["class"] = "immune"
    references = [
        inspect_reference(name, write(adata, f"{name}.h5ad"), name, "cell_type", 42)
        for name, adata in (("fine", fine), ("coarse", coarse))
    ]
    find_levels(references, ["class", "cell_type"])
    assert [reference.levels for reference in references] == [["class", "cell_type"], ["cell_type"]]
    with pytest.raises(LabelColumnError, match=r"'subclass' \(fine: cell_type, class; coarse: cell_type\)"):
        find_levels(references, ["subclass"])


def test_the_entry_in_the_manifest(write: Write) -> None:
    path = write()
    reference = inspect_reference("https://host/ref.h5ad?X-Amz-Signature=secret", path, "ref", "cell_type", 42)
    reference.rows, reference.counts_kind = np.array([0, 1, 60]), "counts"
    entry = describe_reference(reference, GENES[:4], [*GENES[:4], "ABSENT"], checksum=True)
    json.dumps(entry)
    assert "secret" not in entry["uri"]
    assert entry["sha256"] == sha256_of_file(path)
    assert entry["size"] == path.stat().st_size
    assert (entry["n_cells"], entry["n_kept"], entry["kept"]) == (len(LABELS), 3, {"B cell": 2, "T cell": 1})
    assert (entry["genes_wanted"], entry["genes_kept"], entry["genes_missing"]) == (5, 4, ["ABSENT"])
    assert entry["counts"] == {"source": "X", "kind": "counts"}
    assert describe_reference(reference, GENES, None, checksum=False)["sha256"] is None
