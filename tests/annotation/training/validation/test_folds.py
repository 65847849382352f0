import numpy as np
import pandas as pd

from spatialcore.annotation.training.validation.folds import FOLDS, assign_folds, draw_per_class, find_groups


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_without_groups_every_class_is_split_evenly() -> None:
    codes = np.repeat([0, 1, 2], [30, 7, 1])
    folds = assign_folds(codes, rng())
    assert np.bincount(folds[codes == 0]).tolist() == [10, 10, 10]
    assert sorted(np.bincount(folds[codes == 1]).tolist()) == [2, 2, 3]
    assert folds[codes == 2].tolist() == [-1]


def test_cells_of_a_donor_are_held_out_together() -> None:
    donors = np.repeat(np.arange(6), 20)
    codes = np.tile([0, 1], 60)
    folds = assign_folds(codes, rng(), [donors])
    assert all(len(set(folds[donors == donor])) == 1 for donor in range(6))
    assert sorted(set(folds)) == list(range(FOLDS))


def test_a_class_of_one_donor_is_split_by_cells() -> None:
    donors = np.repeat([0, 1], 30)
    codes = np.where(np.arange(60) < 15, 0, 1)  # class 0 is from the first donor only
    folds = assign_folds(codes, rng(), [donors])
    assert len(set(folds[codes == 0])) == FOLDS
    assert len(set(folds[(codes == 1) & (donors == 0)])) == 1


def test_a_class_in_one_source_is_held_out_by_its_donors() -> None:
    source = np.repeat([0, 1], 60)
    donors = np.repeat(np.arange(6), 20)
    codes = np.where(source == 0, 0, 1)
    folds = assign_folds(codes, rng(), [source, donors])
    assert all(len(set(folds[donors == donor])) == 1 for donor in range(6))
    for label in (0, 1):
        assert len(set(folds[codes == label])) > 1


def test_groups_are_recognised_by_common_column_names() -> None:
    obs = pd.DataFrame({"Donor_ID": ["a", "b"] * 20, "sample": [f"s{i}" for i in range(40)], "dataset_id": "one"})
    groups = find_groups(obs)
    assert len(groups) == 1  # one data set has no groups, and a sample per cell is not a sample
    assert groups[0].tolist() == [0, 1] * 20


def test_groups_with_missing_names_are_not_used() -> None:
    assert find_groups(pd.DataFrame({"donor_id": ["a", "b", None] * 20})) == []


def test_a_draw_is_limited_per_class() -> None:
    codes = np.repeat([0, 1, 2], [3, 50, 20])
    rows = draw_per_class(codes, 10, rng())
    assert np.bincount(codes[rows]).tolist() == [3, 10, 10]
    assert (np.diff(rows) > 0).all()
