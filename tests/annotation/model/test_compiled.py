"""Compiled scores equal those of scipy and numpy for all matrix types; damaged matrices are refused."""

import _ctypes
import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from spatialcore.annotation.model import compiled
from spatialcore.annotation.model.linear import FoldedLinearModel
from spatialcore.errors import InputError


def make_kernel(rng: np.random.Generator, genes: int, classes: int) -> FoldedLinearModel:
    return FoldedLinearModel(rng.normal(size=(genes, classes)), rng.normal(size=classes), rng.uniform(0.5, 2.0, genes))


def make_block(rng: np.random.Generator, value: str, index: str, *, genes: int = 37) -> sparse.csr_matrix:
    block = sparse.random(50, genes, 0.3, "csr", random_state=rng, data_rvs=lambda size: rng.gamma(2.0, size=size))
    block.data, block.indices, block.indptr = (
        part.astype(kind) for part, kind in ((block.data, value), (block.indices, index), (block.indptr, index))
    )
    block.data[:3] = [0, 100, 0]
    return block


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler: the package was built without the library")
def test_the_library_exists_if_there_is_a_compiler() -> None:
    assert compiled.library() is not None


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler: the package was built without the library")
@pytest.mark.parametrize("classes", [2, 30])
def test_results_do_not_depend_on_the_processor(
    classes: int, tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = tmp_path / "plain.so"  # the loops for any processor, without vectors
    source = compiled.LIBRARY.with_name("scores.c")
    subprocess.run(["cc", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-o", plain, source], check=True)
    block, kernel, width = make_block(rng, "float32", "int32"), make_kernel(rng, 37, classes), compiled.padded(classes)
    weights, residual = rng.normal(size=(37, width)), rng.normal(size=(50, width))

    def results(library: ctypes.CDLL) -> list[bytes]:
        monkeypatch.setattr(compiled, "library", lambda: library)
        loops, gradient = compiled.GeneLoops(block, library), np.zeros((37, width), np.float32)
        loops.add_gradient(residual.astype(np.float32), gradient)
        fitted = loops.scores(weights.astype(np.float32), np.zeros(width, np.float32))
        return [part.tobytes() for part in (kernel.scores(block), fitted, gradient)]

    built, other = compiled.library(), ctypes.CDLL(str(plain))
    assert built is not None
    compiled._declare(other)
    assert results(built) == results(other)


@pytest.mark.parametrize("index", ["int32", "int64"])
@pytest.mark.parametrize("value", ["float32", "float64", "int16"])
@pytest.mark.parametrize("classes", [1, 2, 9, 40])
def test_scores_are_numpys(value: str, index: str, classes: int, rng: np.random.Generator) -> None:
    kernel, block = make_kernel(rng, 37, classes), make_block(rng, value, index)
    dense = np.minimum(block.toarray().astype(np.float64), kernel.cap) @ kernel.weights + kernel.offset
    expected = np.column_stack([-dense[:, 0], dense[:, 0]]) if classes == 1 else dense
    np.testing.assert_allclose(kernel.scores(block), expected, atol=1e-12)


def test_without_the_library_scipy_gives_the_same(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, block = make_kernel(rng, 37, 9), make_block(rng, "float32", "int32")
    first = kernel.scores(block)
    monkeypatch.setattr(compiled, "library", lambda: None)
    np.testing.assert_allclose(kernel.scores(block), first, atol=1e-12)


def test_a_library_of_an_older_source_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compiled, "LIBRARY", Path(_ctypes.__file__))  # a library without the loops
    compiled.library.cache_clear()
    try:
        with caplog.at_level("WARNING", logger="spatialcore"):
            assert compiled.library() is None
    finally:
        compiled.library.cache_clear()
    assert "was built from an older source and is not used" in caplog.text


@pytest.mark.skipif(compiled.library() is None, reason="the package was built without the library")
@pytest.mark.parametrize("column", [-1, 37])
def test_a_damaged_matrix_is_refused(column: int, rng: np.random.Generator) -> None:
    block = make_block(rng, "float32", "int32")
    block.indices[block.indptr[4]] = column
    with pytest.raises(InputError, match=r"row 4 of the matrix has a column index beyond its 37"):
        make_kernel(rng, 37, 9).scores(block)


@pytest.mark.skipif(compiled.library() is None, reason="the package was built without the library")
@pytest.mark.parametrize("n_classes", [2, 30, 40, 43, 55, 80, 90])
def test_the_loops_of_a_fit_are_numpys(n_classes: int, rng: np.random.Generator) -> None:
    block, library, width = make_block(rng, "float32", "int32"), compiled.library(), compiled.padded(n_classes)
    assert library is not None
    loops = compiled.GeneLoops(block, library)
    weights, offset = rng.normal(size=(37, width)).astype(np.float32), rng.normal(size=width).astype(np.float32)
    np.testing.assert_allclose(loops.scores(weights, offset), block @ weights + offset, rtol=1e-4, atol=1e-3)
    residual, gradient = rng.normal(size=(50, width)).astype(np.float32), np.ones((37, width), np.float32)
    loops.add_gradient(residual, gradient)
    np.testing.assert_allclose(gradient, 1 + block.T @ residual, rtol=1e-4, atol=1e-3)


@pytest.mark.skipif(compiled.library() is None, reason="the package was built without the library")
def test_the_loops_of_a_fit_refuse_a_damaged_matrix(rng: np.random.Generator) -> None:
    block, library = make_block(rng, "float32", "int32"), compiled.library()
    assert library is not None
    block.indices[7] = 37
    with pytest.raises(InputError, match="has an index beyond its genes"):
        compiled.GeneLoops(block, library)


@pytest.mark.skipif(compiled.library() is None, reason="the package was built without the library")
@pytest.mark.parametrize("n_classes", [2, 30, 55, 90])
def test_residuals_of_a_softmax_are_numpys(n_classes: int, rng: np.random.Generator) -> None:
    scores = rng.normal(0, 4, (70, compiled.padded(n_classes))).astype(np.float32)
    scores[:, n_classes:] = -1e30
    codes, weights = rng.integers(0, n_classes, 70, dtype=np.int32), rng.random(70).astype(np.float32)
    centred = scores - scores.max(axis=1, keepdims=True)
    probabilities = np.exp(centred) / np.exp(centred).sum(axis=1, keepdims=True)
    truth = np.eye(scores.shape[1], dtype=np.float32)[codes]
    log_probabilities = np.log(np.exp(centred).sum(axis=1)) - centred[np.arange(70), codes]
    assert compiled.softmax_residual(scores, codes, weights) == float(weights @ log_probabilities)
    np.testing.assert_array_equal(scores, (probabilities - truth) * weights[:, None])


def test_without_the_library_scores_are_not_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "library", lambda: None)
    scores = np.ones((1, 24), np.float32)
    assert compiled.softmax_residual(scores, np.zeros(1, np.int64), np.ones(1, np.float32)) is None
    assert (scores == 1).all()


@pytest.mark.skipif(compiled.library() is None, reason="the package was built without the library")
@pytest.mark.parametrize("genes", [1, 64, 130])
def test_drawn_genes_are_those_that_numpy_finds(genes: int, rng: np.random.Generator) -> None:
    shares = rng.gamma(0.3, size=genes) * (rng.random(genes) < 0.8) + (np.arange(genes) == 0)
    edges, numbers = np.cumsum(shares) / shares.sum(), np.array([0, 7, 300, 0, 1])
    edges[-1], uniform = 1.0, rng.random(308)
    uniform[:3] = [0.0, edges[0] if genes > 1 else 0.5, 1 - 2**-53]
    drawn = compiled.drawn_genes(numbers, edges, uniform)
    assert drawn is not None
    expected = np.zeros((5, genes))
    np.add.at(expected, (np.repeat(np.arange(5), numbers), np.searchsorted(edges, uniform, side="right")), 1)
    np.testing.assert_array_equal(drawn.toarray(), expected)
    assert drawn.has_canonical_format
    assert drawn.dtype == np.float32
