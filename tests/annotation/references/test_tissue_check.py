"""Organs by name: which differ, and which are not compared."""

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.annotation import stages
from spatialcore.annotation.config import TrainingConfig
from spatialcore.annotation.references.tissue_check import foreign_references, organs_in, tissues_of
from spatialcore.core.on_disk.anndata_file import AnnDataFile


def atlas_of(*tissues: str) -> dict[str, object]:
    return {"source": "atlas", "tissues": dict.fromkeys(tissues, 10)}


@pytest.mark.parametrize(
    ("tissue", "references"),
    [
        ("lung", [atlas_of("lung")]),
        ("lung", [atlas_of("upper lobe of left lung", "nose")]),
        ("colon", [atlas_of("large intestine")]),  # the organ by another name
        ("blood", [atlas_of("brain"), atlas_of("blood")]),  # one reference is of the organ
        ("lung", [atlas_of("brain"), {"source": "b", "tissues": {}}]),  # the organ of one reference is unknown
        ("lung", [atlas_of("renal cortex", "somewhere")]),  # an unknown word
        ("tumour", [atlas_of("brain")]),
        ("unknown", [atlas_of("brain")]),
        ("kidney", [atlas_of("renal cortex")]),
        ("lung", []),
        ("brain", [atlas_of("motor cortex")]),
    ],
)
def test_there_is_no_false_alarm(tissue: str, references: list[dict[str, object]]) -> None:
    assert foreign_references(tissue, references) == ""


@pytest.mark.parametrize(
    ("tissue", "other"), [("lung", "brain"), ("Breast tumour", "blood"), ("skin", "renal medulla")]
)
def test_references_of_another_organ_give_a_warning(tissue: str, other: str) -> None:
    assert f"not from {tissue}: atlas has {other}" in foreign_references(tissue, [atlas_of(other)])


def test_an_atlas_of_many_organs_is_of_each() -> None:
    atlas = atlas_of("blood", "brain", "breast", "colon", "eye", "heart", "kidney", "liver", "lung", "skin", "spleen")
    assert foreign_references("spleen", [atlas]) == ""
    assert organs_in("Small_intestine") == {"intestine"}


@pytest.mark.parametrize("column", ["tissue", "tissue_general"])
def test_a_run_warns_while_it_reads_the_references(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str
) -> None:
    rng = np.random.default_rng(0)
    obs = pd.DataFrame({"label": ["T cell", "B cell"] * 20, column: "brain"}, index=[f"c{i}" for i in range(40)])
    genes = ["CD3D", "CD3E", "MS4A1", "CD79A"]
    reference = ad.AnnData(rng.poisson(2.0, (40, 4)).astype(np.float32), obs, pd.DataFrame(index=genes))
    reference.write_h5ad(tmp_path / "ref.h5ad")
    config = TrainingConfig(references=[str(tmp_path / "ref.h5ad")], label_columns=["label"], tissue="lung")
    combined = stages.combine(config, genes)
    assert "The references are not from lung: ref has brain." in caplog.text
    assert json.loads(combined.uns[columns.REFERENCES_MANIFEST])[0]["tissues"] == {"brain": 40}


@pytest.mark.parametrize(("value", "tissues"), [("brain", {"brain": 40}), ("", {}), (["brain"], {}), (3, {})])
def test_the_tissue_of_a_whole_file_is_in_uns(tmp_path: Path, value: object, tissues: dict[str, int]) -> None:
    obs = pd.DataFrame({"label": ["T cell", "B cell"] * 20}, index=[f"c{i}" for i in range(40)])
    reference = ad.AnnData(np.ones((40, 2), dtype=np.float32), obs, uns={"tissue": value})
    reference.write_h5ad(tmp_path / "ref.h5ad")
    with AnnDataFile(tmp_path / "ref.h5ad") as file:
        assert tissues_of(file) == tissues
