"""The model in memory: names of terms, and the digest of its file."""

import hashlib
from pathlib import Path

import numpy as np

from spatialcore.annotation.model.artifact import load_model, save_model
from spatialcore.annotation.model.celltyping_model import CellTypingModel
from spatialcore.annotation.model.linear import Standardized


def small_model() -> CellTypingModel:
    linear = Standardized(np.ones((3, 2)), np.zeros(3), np.zeros(2), np.ones(2))
    ids = {"B cell": "CL:0000236", "T cell": "CL:0000084", "odd": ""}
    return CellTypingModel(("B cell", "T cell", "odd"), ("MS4A1", "CD3D"), linear, ontology_ids=ids)


def test_a_class_without_a_term_has_no_ontology_name() -> None:
    assert small_model().ontology_names == {"B cell": "B cell", "T cell": "T cell", "odd": ""}


def test_classes_named_by_labels_have_the_name_of_their_term() -> None:
    linear = Standardized(np.ones((2, 1)), np.zeros(2), np.zeros(1), np.ones(1))
    ids = {"beta": "CL:0000169", "mine": "CL:9999999"}
    model = CellTypingModel(("beta", "mine"), ("INS",), linear, ontology_ids=ids)
    assert model.ontology_names == {"beta": "type B pancreatic cell", "mine": "mine"}


def test_repr_is_one_line(tmp_path: Path) -> None:
    model = small_model()
    assert repr(model) == "CellTypingModel(not saved: 3 classes, 2 genes, not calibrated)"
    save_model(model, tmp_path / "small.pkl")
    assert repr(load_model(tmp_path / "small.pkl")).startswith("CellTypingModel(small.pkl: 3 classes, 2 genes")


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    model = small_model()
    assert model.sha256 == ""
    saved = save_model(model, tmp_path / "small.pkl")
    digest = hashlib.sha256((tmp_path / "small.pkl").read_bytes()).hexdigest()
    assert saved.sha256 == load_model(tmp_path / "small.pkl").sha256 == digest
