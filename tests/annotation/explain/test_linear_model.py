"""The model of annotated cells: from its file, another file, or the copy in uns."""

from pathlib import Path

import anndata
import numpy as np
import pytest
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation import annotate_celltypist, explain_calls, load_model
from spatialcore.annotation.explain.linear_model import model_of, store_linear_model
from spatialcore.errors import InputError

Simulated = tuple[AnnData, AnnData, np.ndarray]


@pytest.fixture
def annotated(simulated: Simulated, trained: Path) -> AnnData:
    return annotate_celltypist(simulated[1], custom_model_path=trained, copy=True)


def test_the_file_of_the_run_manifest_is_read(annotated: AnnData, trained: Path) -> None:
    assert model_of(annotated).path == trained
    assert model_of(annotated, trained).classes == model_of(annotated, load_model(trained)).classes


def test_the_copy_is_stored_in_a_file_and_gives_the_same_explanation(
    annotated: AnnData, trained: Path, tmp_path: Path
) -> None:
    expected = explain_calls(annotated, [0, 1])
    store_linear_model(annotated, load_model(trained))
    annotated.uns[columns.MANIFEST]["model_path"] = "/gone/model.pkl"
    annotated.write_h5ad(tmp_path / "cells.h5ad")
    repeated = explain_calls(anndata.read_h5ad(tmp_path / "cells.h5ad"), [0, 1])
    np.testing.assert_array_equal(repeated["contribution"], expected["contribution"])


def test_a_missing_model_and_another_model_are_refused(annotated: AnnData, trained: Path) -> None:
    annotated.uns[columns.MANIFEST]["model_path"] = "/gone/model.pkl"
    with pytest.raises(InputError, match=r"/gone/model\.pkl no longer exists"):
        model_of(annotated)
    annotated.uns[columns.MANIFEST]["model_sha256"] = "ab" * 32
    with pytest.raises(InputError, match="not annotated by"):
        model_of(annotated, trained)
    annotated.uns[columns.MANIFEST]["model_sha256"] = "ab;cd"
    with pytest.raises(InputError, match="several models"):
        model_of(annotated, trained)
