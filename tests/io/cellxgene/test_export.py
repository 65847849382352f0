"""Export for CELLxGENE: genes, ids and metadata of the schema, and the validator of the portal."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from spatialcore import columns
from spatialcore.errors import InputError, NormalizationError
from spatialcore.io import export_cellxgene
from tests import home

VALIDATOR = "cellxgene-schema==7.1.2"


# a retired id with a current one of the same symbol, a former symbol, two features of a gene, controls, no id
FEATURES = {
    "MS4A1": "ENSG00000156738",
    "CD3E": "",
    "ENSG00000167286.9": "",
    "C1orf112": "",
    "CD68": "ENSG00000129226",
    "CD68_second": "ENSG00000129226",
    "NegControlProbe_00001": "",
    "Custom construct": "",
}


FACTS: dict[str, Any] = {
    "title": "Cells of a test",
    "tissue_ontology_term_id": "UBERON:0000310",
    "disease_ontology_term_id": "PATO:0000461",
    "donor_id": "donor1",
}


CALLS = {
    "B cell": "CL:0000236",
    "CD4-positive, alpha-beta T cell": "CL:0000624",
    "My own class": "",
    "animal cell": "CL:0000548",
    columns.UNASSIGNED: "CL:0000236",
}


@pytest.fixture
def cells() -> anndata.AnnData:
    """Return 60 cells with different counts, in log1p with the counts in a layer, and calls of every kind."""
    rng = np.random.default_rng(1)
    counts = csr_matrix(rng.poisson(20, (60, len(FEATURES))).astype(np.float32))
    calls = np.array(list(CALLS))[np.arange(60) % len(CALLS)]
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(60)])
    obs[columns.CELL_TYPE] = pd.Categorical(calls)
    obs[columns.ONTOLOGY_ID] = pd.Categorical([CALLS[call] for call in calls])
    obs[columns.ONTOLOGY_LABEL] = ["B cell" if call == columns.UNASSIGNED else call for call in calls]
    obs[columns.CONFIDENCE] = rng.random(60)
    obs["sex"] = "a column that the portal reserves"
    obs["fov"] = [1, "2"] * 30
    var = pd.DataFrame({"gene_ids": list(FEATURES.values())}, index=list(FEATURES))
    adata = anndata.AnnData(counts.log1p(), obs=obs, var=var, layers={"counts": counts})
    adata.obsm["spatial"] = rng.uniform(0, 100, (60, 2))
    adata.uns[columns.SOURCE] = {"platform": "Xenium"}
    return adata


def exported(cells: anndata.AnnData, folder: Path, **more: Any) -> anndata.AnnData:
    return anndata.read_h5ad(export_cellxgene(cells, folder / "portal.h5ad", **(FACTS | more)))


def test_cells_are_exported_in_order(cells: anndata.AnnData, tmp_path: Path) -> None:
    data = exported(cells, tmp_path)
    assert data.obs_names.tolist() == cells.obs_names.tolist()
    np.testing.assert_array_equal(data.obsm["X_centroids"], cells.obsm["spatial"])
    assert "spatial" not in data.obsm  # the schema uses that word for spots and beads


def test_genes_are_current_ids_and_duplicates_are_summed(cells: anndata.AnnData, tmp_path: Path) -> None:
    data = exported(cells, tmp_path)
    genes = ["ENSG00000156738", "ENSG00000198851", "ENSG00000167286", "ENSG00000000460", "ENSG00000129226"]
    assert data.var_names.tolist() == genes
    assert data.raw.var_names.tolist() == genes
    both = cells[:, ["CD68", "CD68_second"]].layers["counts"].sum(axis=1)
    np.testing.assert_array_equal(data.raw[:, "ENSG00000129226"].X.toarray(), both)
    np.testing.assert_allclose(np.expm1(data.X.toarray()).sum(axis=1), 10_000, rtol=1e-4)


def test_cell_types_match_their_ids(cells: anndata.AnnData, tmp_path: Path) -> None:
    obs = exported(cells, tmp_path).obs
    assert "cell_type" not in obs  # the portal's validator refuses the name: the portal adds it from the id
    pairs = dict(zip(obs["author_cell_type"], obs[columns.ONTOLOGY_ID], strict=True))
    assert pairs == {
        "B cell": "CL:0000236",
        "CD4-positive, alpha-beta T cell": "CL:0000624",
        "My own class": "unknown",
        "animal cell": "unknown",
        columns.UNASSIGNED: "unknown",
    }
    assert obs["author_cell_type"].tolist() == cells.obs[columns.CELL_TYPE].tolist()


def test_call_that_does_not_match_its_id(cells: anndata.AnnData, tmp_path: Path) -> None:
    cells.obs[columns.ONTOLOGY_ID] = "CL:0000624"
    with pytest.raises(InputError, match=r"'B cell' with CL:0000624 \(CD4-positive, alpha-beta T cell\)"):
        exported(cells, tmp_path)


def test_missing_fields_are_listed_together(cells: anndata.AnnData, tmp_path: Path) -> None:
    del cells.uns[columns.SOURCE]
    with pytest.raises(InputError) as error:
        export_cellxgene(cells, tmp_path / "portal.h5ad")
    for name in (*FACTS, "assay_ontology_term_id"):
        assert name in error.value.message
        assert f"{name}=" in error.value.hint


@pytest.mark.parametrize(
    ("fact", "value"),
    [("tissue_ontology_term_id", "breast"), ("disease_ontology_term_id", "healthy"), ("donor_id", "na"), ("sexx", "m")],
)
def test_invalid_field(cells: anndata.AnnData, tmp_path: Path, fact: str, value: str) -> None:
    with pytest.raises(InputError, match=fact):
        exported(cells, tmp_path, **{fact: value})


def test_fields_per_cell_are_taken_from_obs(cells: anndata.AnnData, tmp_path: Path) -> None:
    cells.obs["donor_id"] = ["one", "two"] * 30
    facts = {name: value for name, value in FACTS.items() if name != "donor_id"}
    data = anndata.read_h5ad(export_cellxgene(cells, tmp_path / "portal.h5ad", **facts))
    assert data.obs["donor_id"].tolist() == cells.obs["donor_id"].tolist()


def test_cells_with_identical_counts(cells: anndata.AnnData, tmp_path: Path) -> None:
    cells.layers["counts"][7] = cells.layers["counts"][3]
    cells.layers["counts"][9] = 0
    cells.layers["counts"][11] = 0
    with pytest.raises(InputError, match=r"cells with the same counts as another cell.*: 2 \(2 without counts"):
        exported(cells, tmp_path)
    data = exported(cells, tmp_path, duplicates="leave out")
    assert data.obs_names.tolist() == [name for name in cells.obs_names if name not in {"cell7", "cell11"}]


def test_no_file_without_counts_or_coordinates(cells: anndata.AnnData, tmp_path: Path) -> None:
    bare = cells.copy()
    del bare.layers["counts"]
    with pytest.raises(NormalizationError, match="no raw counts"):
        exported(bare, tmp_path)
    del cells.obsm["spatial"]
    with pytest.raises(InputError, match="coordinates or an embedding"):
        exported(cells, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_mouse(cells: anndata.AnnData, tmp_path: Path) -> None:
    mouse = ["Ms4a1", "Cd3e", "Cd3d", "Cd68", "Csf1r", "Epcam", "Krt8", "Pecam1"]
    cells.var = pd.DataFrame(index=mouse)
    data = exported(cells, tmp_path)
    assert data.uns["organism_ontology_term_id"] == "NCBITaxon:10090"
    assert data.obs["self_reported_ethnicity_ontology_term_id"].unique().tolist() == ["na"]
    assert all(name.startswith("ENSMUSG") for name in data.var_names)


@pytest.fixture(scope="session")
def validator(request: pytest.FixtureRequest) -> Path:
    """Return the portal's validator, in a separate environment because it pins an older anndata (takes 10 s, once)."""
    folder = request.config.cache.mkdir(VALIDATOR.replace("==", "-"))
    command = folder / "bin" / "cellxgene-schema"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if command.is_file():
        return command
    if uv is None:
        pytest.skip("uv is not installed, which the validator's environment needs")
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder], check=True)
    process = subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python", VALIDATOR],
        capture_output=True,
        text=True,
        check=False,
        env=home.package_manager_environment(),
    )
    if process.returncode != 0:
        pytest.skip(f"{VALIDATOR} cannot be installed here: {process.stderr.strip().splitlines()[-1:]}")
    return command


@pytest.mark.slow
def test_validator_of_the_portal_accepts_the_file(validator: Path, cells: anndata.AnnData, tmp_path: Path) -> None:
    data, labelled = export_cellxgene(cells, tmp_path / "portal.h5ad", **FACTS), tmp_path / "labelled.h5ad"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    process = subprocess.run(
        [validator, "validate", "--add-labels", labelled, data],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert process.returncode == 0, process.stderr
    assert "is_valid=True" in process.stderr
    obs = anndata.read_h5ad(labelled).obs
    assigned = obs[obs[columns.ONTOLOGY_ID] != "unknown"]
    assert len(assigned) == 24
    assert assigned["cell_type"].astype(str).tolist() == assigned["author_cell_type"].astype(str).tolist()
    assert set(obs["cell_type"][obs[columns.ONTOLOGY_ID] == "unknown"]) == {"unknown"}
