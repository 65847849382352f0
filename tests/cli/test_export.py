"""spatialcore export: every format."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.workplace import Command, Workplace, json_output

FACTS = {
    "title": "Cells of a test",
    "tissue_ontology_term_id": "UBERON:0000310",
    "disease_ontology_term_id": "PATO:0000461",
    "donor_id": "d1",
    "duplicates": "leave out",
}


@pytest.mark.parametrize(
    ("form", "name", "more"),
    [
        ("explorer", "groups.csv", ()),
        ("calls", "calls.parquet", ()),
        ("anndata", "a.zarr", ()),
        ("cellxgene", "portal.h5ad", [word for fact in FACTS.items() for word in ("-f", "=".join(fact))]),
        ("vitessce", "web", ()),
    ],
)
def test_export(
    spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path, form: str, name: str, more: Any
) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    output = json_output(spatialcore, "export", annotated, "--to", form, "-o", tmp_path / name, *more)
    assert output == {"written": str(tmp_path / name), "form": form, "cells": 200}
    assert (tmp_path / name).exists()


def test_export_to_cellxgene_lists_missing_fields(
    spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path
) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    outcome = spatialcore("export", annotated, "--to", "cellxgene", "-o", tmp_path / "portal.h5ad")
    assert outcome.code == 2
    for fact in ("title", "donor_id", "tissue_ontology_term_id"):
        assert f"{fact}=" in outcome.err
    assert spatialcore("export", annotated, "--to", "calls", "-o", tmp_path / "c.parquet", "-f", "title=x").code == 2


def test_calls_are_not_written_under_the_name_of_another_format(
    spatialcore: Command, results: Path, workplace: Workplace, tmp_path: Path
) -> None:
    annotated = results / workplace.query.name / "annotated.h5ad"
    outcome = spatialcore("export", annotated, "--to", "calls", "-o", tmp_path / "calls.csv")
    assert outcome.code == 2
    assert "does not end in .parquet" in outcome.err
    assert not list(tmp_path.iterdir())
