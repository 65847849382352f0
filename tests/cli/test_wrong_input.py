"""Slips that users make: each is told what was seen and what would do, before any long step begins."""

import shutil
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from tests.cli.workplace import Command, Workplace
from tests.io.bundles import sample, write_xenium

Change = Callable[[ad.AnnData], ad.AnnData]


def with_values(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Return a change of the matrix as an array of floats."""

    def changed(adata: ad.AnnData) -> ad.AnnData:
        adata.X = csr_matrix(change(adata.X.toarray().astype(np.float32)))
        return adata

    return changed


def with_one(value: float) -> Change:
    def put(values: np.ndarray) -> np.ndarray:
        values[3, 5] = value
        return values

    return with_values(put)


def scaled(values: np.ndarray) -> np.ndarray:
    return (values - values.mean(axis=0)) / (values.std(axis=0) + 1)


def per_million(values: np.ndarray) -> np.ndarray:
    return np.log1p(values / values.sum(axis=1, keepdims=True).clip(1) * 1e6)


MATRICES: dict[str, tuple[Change, str]] = {
    "a NaN": (with_one(np.nan), "1 NaN of"),
    "an infinity": (with_one(np.inf), "1 infinite of"),
    "one negative count": (with_one(-2), "1 negative of"),
    "z-scores": (with_values(scaled), "z-scored"),
    "counts per million": (with_values(per_million), "counts per million"),
    "scaled counts": (with_values(lambda values: values * 1.37), "without a logarithm"),
    "no count at all": (with_values(np.zeros_like), "empty"),
    "no cells": (lambda adata: adata[:0].copy(), "holds no cell"),
}


@pytest.mark.parametrize("slip", MATRICES)
def test_a_query_that_no_model_can_read(spatialcore: Command, workplace: Workplace, tmp_path: Path, slip: str) -> None:
    change, said = MATRICES[slip]
    change(ad.read_h5ad(workplace.first)).write_h5ad(tmp_path / "q.h5ad")
    seen = spatialcore("run", "-q", tmp_path / "q.h5ad", "-r", f"{workplace.first}:cell_type", "-o", tmp_path / "out")
    assert seen.code == 2
    assert said in seen.err
    assert "  -> " in seen.err
    assert "reading 1 reference" not in seen.err
    assert not (tmp_path / "out").exists()


def empty(folder: Path) -> Path:
    (folder / "q.h5ad").touch()
    return folder / "q.h5ad"


def of_r(folder: Path) -> Path:
    (folder / "q.rds").write_bytes(b"\x1f\x8b")
    return folder / "q.rds"


def truncated(folder: Path) -> Path:
    ad.AnnData(np.ones((50, 50), np.float32)).write_h5ad(folder / "q.h5ad")
    whole = (folder / "q.h5ad").read_bytes()
    (folder / "q.h5ad").write_bytes(whole[: len(whole) // 2])
    return folder / "q.h5ad"


def xenium_without(name: str) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        output = write_xenium(folder / "output", sample(12, 4))
        for file in output.glob(name):
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        return output

    return made


FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "an empty file": (empty, "0 bytes"),
    "a file of R": (of_r, "write_h5ad"),
    "half a file": (truncated, "cut short"),
    "a Xenium folder without cells": (xenium_without("cells.*"), "without its table of cells"),
    "a Xenium folder without counts": (xenium_without("cell_feature_matrix*"), "without its count matrix"),
}


@pytest.mark.parametrize("slip", FILES)
def test_a_query_that_is_no_data(spatialcore: Command, workplace: Workplace, tmp_path: Path, slip: str) -> None:
    make, said = FILES[slip]
    query = make(tmp_path)
    seen = spatialcore("run", "-q", query, "-r", f"{workplace.first}:cell_type", "-o", tmp_path / "out")
    assert seen.code == 2
    assert said in seen.err
    assert str(query) in seen.err
    assert "reading" not in seen.err


def test_results_where_a_file_is(spatialcore: Command, workplace: Workplace) -> None:
    arguments = ["-q", workplace.query, "-r", f"{workplace.first}:cell_type", "-o", workplace.first]
    seen = spatialcore("run", *arguments)
    assert seen.code == 5
    assert "is a file, wanted a folder" in seen.err
    assert "reading" not in seen.err


def test_data_where_the_configuration_belongs(spatialcore: Command, workplace: Workplace) -> None:
    seen = spatialcore("run", workplace.first)
    assert seen.code == 2
    assert f"--query {workplace.first}" in seen.err.replace("\n", "")


def test_two_queries_of_one_name(spatialcore: Command, workplace: Workplace) -> None:
    seen = spatialcore("run", "-q", workplace.query, "-q", workplace.query, "-r", f"{workplace.first}:cell_type")
    assert "give each a 'sample' name" in seen.err
    assert "Value error" not in seen.err
    assert "seen:" not in seen.err


def test_a_setting_that_there_is_not(spatialcore: Command, workplace: Workplace) -> None:
    seen = spatialcore("run", *workplace.arguments, "-s", "confidence_treshold=0.7")
    assert "there is no such setting" in seen.err
    assert "did you mean confidence_threshold" in seen.err


def test_names_of_cells_as_their_types(spatialcore: Command, workplace: Workplace, tmp_path: Path) -> None:
    reference = ad.read_h5ad(workplace.first)
    reference.obs["barcode"] = pd.Categorical([f"c{i}" for i in range(reference.n_obs)])
    reference.write_h5ad(tmp_path / "r.h5ad")
    arguments = ["-q", workplace.query, "-r", f"{tmp_path}/r.h5ad:barcode", "-o", tmp_path / "out"]
    seen = spatialcore("run", *arguments)
    assert seen.code == 2
    assert f"'barcode' of r: {reference.n_obs}" in seen.err
    assert "name the column of cell types" in seen.err


@pytest.mark.parametrize(("model", "code"), [("absent.pkl", 3), ("q.h5ad", 2)])
def test_a_model_is_looked_at_before_the_query(
    spatialcore: Command, workplace: Workplace, tmp_path: Path, model: str, code: int
) -> None:
    shutil.copy(workplace.first, tmp_path / "q.h5ad")
    seen = spatialcore("annotate", tmp_path / "q.h5ad", "-m", tmp_path / model, "-o", tmp_path / "out")
    assert seen.code == code
    assert "annotating" not in seen.err
    if code == 2:
        assert "a model is a .pkl" in seen.err


def test_cells_without_a_place_are_called_and_the_maps_left_out(
    spatialcore: Command, workplace: Workplace, tmp_path: Path
) -> None:
    adata = ad.read_h5ad(workplace.first)
    adata.obsm["spatial"] = np.full((adata.n_obs, 2), np.nan)
    adata.write_h5ad(tmp_path / "q.h5ad")
    arguments = ["-q", tmp_path / "q.h5ad", "-r", f"{workplace.first}:cell_type", "-s", "min_cells_per_type=5"]
    seen = spatialcore("run", *arguments, "-o", tmp_path / "out")
    assert seen.code == 0
    plots = {path.name for path in (tmp_path / "out" / "q" / "plots").glob("*.png")}
    assert "celltyping_confidence.png" in plots
    assert "celltyping_celltype_map.png" not in plots
