"""spatialcore run refuses unreadable queries before it reads the references."""

import shutil
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.cli.workplace import Command, Workplace
from tests.io.bundles import sample, write_xenium

Change = Callable[[ad.AnnData], ad.AnnData]


def with_values(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Return a change of the matrix, as an array of floats."""

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


def noisy_per_million(values: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).lognormal(0, 0.2, values.shape)
    return np.log1p(noise * values / values.sum(axis=1, keepdims=True).clip(1) * 1e6)


MATRICES: dict[str, tuple[Change, str]] = {
    "NaN": (with_one(np.nan), "of 150 cells 1 with NaN"),
    "infinity": (with_one(np.inf), "of 150 cells 1 with infinite values"),
    "one negative count": (with_one(-2), "of 150 cells 1 with negative values"),
    "z-scores": (with_values(scaled), "z-scored"),
    "logarithms of another scale": (with_values(noisy_per_million), "no raw counts found"),
    "scaled counts": (with_values(lambda values: values * 1.37), "no raw counts found"),
    "no count at all": (with_values(np.zeros_like), "no value above zero"),
    "no cells": (lambda adata: adata[:0].copy(), "has no cells"),
}


@pytest.mark.parametrize("case", MATRICES)
def test_query_without_usable_expression(spatialcore: Command, workplace: Workplace, tmp_path: Path, case: str) -> None:
    change, message = MATRICES[case]
    change(ad.read_h5ad(workplace.first)).write_h5ad(tmp_path / "q.h5ad")
    outcome = spatialcore(
        "run", "-q", tmp_path / "q.h5ad", "-r", f"{workplace.first}:cell_type", "-o", tmp_path / "out"
    )
    assert outcome.code == 2
    assert message in outcome.err
    assert "  -> " in outcome.err
    assert "reading 1 reference" not in outcome.err
    assert not (tmp_path / "out").exists()


def empty(folder: Path) -> Path:
    (folder / "q.h5ad").touch()
    return folder / "q.h5ad"


def r_file(folder: Path) -> Path:
    (folder / "q.rds").write_bytes(b"\x1f\x8b")
    return folder / "q.rds"


def truncated(folder: Path) -> Path:
    ad.AnnData(np.ones((50, 50), np.float32)).write_h5ad(folder / "q.h5ad")
    content = (folder / "q.h5ad").read_bytes()
    (folder / "q.h5ad").write_bytes(content[: len(content) // 2])
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
    "an R file": (r_file, "write_h5ad"),
    "half a file": (truncated, "truncated"),
    "a Xenium folder without cells": (xenium_without("cells.*"), "without its table of cells"),
    "a Xenium folder without counts": (xenium_without("cell_feature_matrix*"), "without its count matrix"),
}


@pytest.mark.parametrize("case", FILES)
def test_query_that_is_not_data(spatialcore: Command, workplace: Workplace, tmp_path: Path, case: str) -> None:
    make, message = FILES[case]
    query = make(tmp_path)
    outcome = spatialcore("run", "-q", query, "-r", f"{workplace.first}:cell_type", "-o", tmp_path / "out")
    assert outcome.code == 2
    assert message in outcome.err
    assert str(query) in outcome.err
    assert "reading" not in outcome.err
