"""In the context the BLAS has one thread, and afterwards as many as before."""

import numpy as np
from threadpoolctl import threadpool_info

from spatialcore.annotation.training.solver.blas_threads import one_blas_thread


def blas_threads() -> set[int]:
    np.ones((4, 4)) @ np.ones((4, 4))  # loads the library
    return {int(pool["num_threads"]) for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_one_thread_in_the_context_and_the_previous_number_afterwards() -> None:
    before = blas_threads()
    with one_blas_thread():
        assert blas_threads() == {1}
    assert blas_threads() == before
