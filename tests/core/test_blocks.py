"""Blocks of a matrix."""

import numpy as np
import scipy.sparse as sp

from spatialcore.core.blocks import as_csr


def test_a_block_of_a_larger_matrix_is_not_copied() -> None:
    matrix = sp.random(1_000, 50, 0.2, format="csr", random_state=0, dtype=np.float32)
    block = sp.csr_matrix((10, 50), dtype=np.float32)
    end = int(matrix.indptr[10])
    block.data, block.indices, block.indptr = matrix.data[:end], matrix.indices[:end], matrix.indptr[:11]
    result = as_csr(block)
    assert np.shares_memory(result.data, matrix.data)
    np.testing.assert_array_equal(result.toarray(), matrix[:10].toarray())


def test_stored_zeros_are_removed_from_a_copy() -> None:
    matrix = sp.csr_matrix((np.array([0.0, 2.0]), np.array([0, 1]), np.array([0, 2])), shape=(1, 2))
    assert as_csr(matrix).nnz == 1
    assert matrix.nnz == 2
