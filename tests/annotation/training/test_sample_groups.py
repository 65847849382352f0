"""Samples of a large cohort are pooled with similar ones; an unusual sample is a group by itself."""

import numpy as np
from scipy import sparse

from spatialcore.annotation.training.sample_groups import MAX_SAMPLES, group_similar

GENES = 40


def cohort(n: int, rng: np.random.Generator) -> dict[str, sparse.csr_matrix]:
    """Draw samples of two depths and one profile; the last has another profile."""
    profile, other = rng.dirichlet(np.ones(GENES), 2)
    depths = [50 if k % 2 else 200 for k in range(n)]
    samples = {
        f"s{k:03d}": rng.multinomial(depth, other if k == n - 1 else profile, size=60) for k, depth in enumerate(depths)
    }
    return {name: sparse.csr_matrix(counts, dtype=np.float32) for name, counts in samples.items()}


def test_few_samples_are_not_pooled(rng: np.random.Generator) -> None:
    samples = cohort(MAX_SAMPLES, rng)
    grouped = group_similar(samples)
    assert list(grouped) == sorted(samples)
    assert all(grouped[name] is samples[name] for name in samples)


def test_groups_have_all_cells_and_samples_of_one_depth(rng: np.random.Generator) -> None:
    samples = cohort(40, rng)
    grouped = group_similar(samples, most=3)
    assert sorted(grouped) == ["s000 and 19 more", "s001 and 18 more", "s039"]
    assert sum(counts.shape[0] for counts in grouped.values()) == 40 * 60
    assert set(grouped["s000 and 19 more"].sum(axis=1).A1) == {200.0}
    assert set(grouped["s001 and 18 more"].sum(axis=1).A1) == {50.0}


def test_groups_do_not_depend_on_the_order_of_the_samples(rng: np.random.Generator) -> None:
    samples = cohort(30, rng)
    first, second = group_similar(samples, most=5), group_similar(dict(reversed(samples.items())), most=5)
    assert sorted(first) == sorted(second)
    assert all((first[name] != second[name]).nnz == 0 for name in first)
