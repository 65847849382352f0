"""Errors in the specification's table on references and expression: each occurs with its text and remedy."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spatialcore.annotation import combine_references, ensure_normalized, load_adata_backed, subsample_balanced
from spatialcore.errors import DependencyError, SpatialCoreError
from tests.annotation.reference_data import GENES, Write, make_reference


def remedy(caught: pytest.ExceptionInfo[SpatialCoreError]) -> str:
    assert str(caught.value) == f"{caught.value.message}\n  -> {caught.value.hint}"
    return caught.value.hint


def test_cannot_safely_normalize_data() -> None:
    with pytest.raises(ValueError, match="Cannot safely normalize data") as caught:
        ensure_normalized(make_reference(state="log1p_cpm"))
    assert 'adata.layers["counts"]' in remedy(caught)
    assert "unsafe_force=True" in remedy(caught)


def test_no_shared_genes_found(write: Write) -> None:
    path = write()
    with pytest.raises(ValueError, match="No shared genes found") as caught:
        load_adata_backed(path, target_genes=["Gm1"])
    assert "Ensembl ids against symbols" in remedy(caught)
    with pytest.raises(ValueError, match="No shared genes found"):
        combine_references([path], ["cell_type"], target_genes=["Gm1"])


def test_label_column_not_found(write: Write) -> None:
    text = r"Label column not found: 'labels'.*Columns: cell_type"
    with pytest.raises(ValueError, match=text) as caught:
        load_adata_backed(write(), "labels")
    assert "list(adata.obs.columns)" in remedy(caught)
    with pytest.raises(ValueError, match=text):
        combine_references([write()], ["labels"])
    with pytest.raises(ValueError, match=text):
        subsample_balanced(make_reference(), "labels", source_column=None)


@pytest.mark.parametrize(
    ("module", "uri", "text"),
    [
        ("s3fs", "s3://bucket/a.h5ad", "pip install boto3"),
        ("gcsfs", "gs://bucket/a.h5ad", "pip install google-cloud-storage"),
    ],
)
def test_a_missing_cloud_package(
    module: str, uri: str, text: str, tmp_path: Path, hide_package: Callable[[str], None]
) -> None:
    hide_package(module)
    with pytest.raises(DependencyError, match=text):
        combine_references([uri], ["cell_type"], cache_dir=tmp_path)


def test_normalizing_a_panel_after_normalizing_the_genome_needs_counts(write: Write) -> None:
    genome = ensure_normalized(make_reference())
    del genome.layers["counts"]
    part = genome[:, GENES[:3]].copy()
    with pytest.raises(ValueError, match="state log1p_other"):
        ensure_normalized(part)
    assert np.isfinite(part.X.data).all()
