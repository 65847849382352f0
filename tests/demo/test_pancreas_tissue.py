"""Positions in the simulated pancreas: types are where their structures are, and the seed determines all."""

import numpy as np
from scipy.spatial import cKDTree

from spatialcore.demo.pancreas_tissue import SIZE, pancreas_positions

LABELS = np.repeat(np.array(["acinar", "alpha", "beta", "ductal", "mast"], dtype=object), 300)


def neighbours_of_same_type(positions: np.ndarray, label: str) -> float:
    nearest = cKDTree(positions).query(positions[label == LABELS], 11)[1][:, 1:]
    return float((LABELS[nearest] == label).mean())


def test_cells_are_within_the_section_and_the_same_for_a_seed() -> None:
    positions = pancreas_positions(LABELS, np.random.default_rng(1))
    assert positions.shape == (len(LABELS), 2)
    assert (positions >= 0).all()
    assert (positions <= SIZE).all()
    np.testing.assert_array_equal(pancreas_positions(LABELS, np.random.default_rng(1)), positions)


def test_types_with_a_structure_cluster_and_others_do_not() -> None:
    positions = pancreas_positions(LABELS, np.random.default_rng(1))
    share = {label: neighbours_of_same_type(positions, label) for label in ("acinar", "beta", "ductal", "mast")}
    assert share["mast"] + 0.1 < min(share["acinar"], share["beta"], share["ductal"])


def test_alpha_cells_surround_the_beta_cells_of_an_islet() -> None:
    positions = pancreas_positions(LABELS, np.random.default_rng(1))
    beta = cKDTree(positions[LABELS == "beta"])
    distance = {label: beta.query(positions[label == LABELS], 10)[0].mean() for label in ("alpha", "beta", "mast")}
    assert distance["beta"] < distance["alpha"] < distance["mast"]
