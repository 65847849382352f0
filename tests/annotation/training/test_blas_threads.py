"""The BLAS has one thread within the context, and its threads again after it."""

import numpy as np
from threadpoolctl import threadpool_info

from spatialcore.annotation.training.blas_threads import one_blas_thread


def blas_threads() -> set[int]:
    np.ones((4, 4)) @ np.ones((4, 4))  # loads the library
    return {int(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_one_thread_within_and_the_same_as_before_after() -> None:
    before = blas_threads()
    with one_blas_thread():
        assert blas_threads() == {1}
    assert blas_threads() == before
