"""Statistics per cluster of a taxonomy, read as profiles."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from spatialcore.annotation.references.profile_files import read_profiles
from spatialcore.annotation.references.taxonomy_stats import arithmetic_mean
from spatialcore.errors import InputError, LabelColumnError
from tests.annotation.references.profile_data import clusters, write_statistics


def log_statistics(cpm: Any) -> tuple[Any, Any, Any]:
    y = np.log2(cpm + 1)
    return y.mean(axis=0), (y**2).mean(axis=0), (y > 0).mean(axis=0)


def test_means_are_estimated_from_statistics_of_logarithms() -> None:
    rng = np.random.default_rng(0)
    counts = rng.poisson(rng.gamma(1, rng.gamma(0.3, 2, 300), (500, 300)))
    cpm = counts / counts.sum(axis=1, keepdims=True) * 1e6
    mean, square, expressing = log_statistics(cpm)
    truth = cpm.mean(axis=0) / 1e6

    def error_of(estimate: Any) -> float:
        return float(np.abs(estimate / estimate.sum() - truth).sum() / 2)

    assert error_of(arithmetic_mean(mean, square, expressing)) < 0.02
    assert error_of(arithmetic_mean(mean, square, None)) < 0.06
    assert error_of(arithmetic_mean(mean, None, None)) > 0.15


def test_taxonomy_statistics_are_read_by_level(tmp_path: Path) -> None:
    path = write_statistics(tmp_path / "precomputed_stats.h5")
    read = read_profiles(path, "subclass")
    assert read.labels == ["L5 ET CTX Glut", "L5 ET CTX Glut", "Astro", "Oligo"]
    assert list(read.levels) == ["class", "subclass", "cluster"]
    assert read.levels["class"] == ["IT-ET Glut", "IT-ET Glut", "NN", "NN"]
    assert read.levels["cluster"] == ["k1", "k0", "k2", "k3"]
    assert list(read.n_cells) == [150, 50, 40, 60]  # type: ignore[arg-type]
    assert read.origin["mean"] == "sum, sumsq, gt0"
    truth = np.array([clusters()[k].mean(axis=0) for k in (1, 0, 2, 3)])
    np.testing.assert_allclose(read.shares, truth, atol=0.02)
    assert read_profiles(path, "CLAS").labels == ["IT-ET Glut", "IT-ET Glut", "NN", "NN"]
    with pytest.raises(LabelColumnError, match="Levels: class, subclass, cluster"):
        read_profiles(path, "supertype")


def test_statistics_without_squares_give_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read = read_profiles(write_statistics(tmp_path / "stats.h5", complete=False), "class")
    assert read.origin["mean"] == "sum"
    assert "has no sums of squares" in caplog.text


def test_damaged_statistics_are_refused(tmp_path: Path) -> None:
    path = write_statistics(tmp_path / "stats.h5")
    with h5py.File(path, "a") as file:
        del file["sum"]
        file["sum"] = np.zeros((2, 6))
    with pytest.raises(InputError, match="do not agree"):
        read_profiles(path, "class")
