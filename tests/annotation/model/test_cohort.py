"""Samples of a cohort: which is nearest, and which differs from the others."""

from dataclasses import replace

import numpy as np
from scipy import sparse

from spatialcore.annotation.model.calibration import Calibration
from spatialcore.annotation.model.cohort import Cohort, SampleMatch, describe_unlike

PROFILES = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]])


def sample(name: str, background: list[float], depth: float, efficiency: list[float] | None = None) -> SampleMatch:
    calibration = Calibration(1.0, 0.0, (1.0, 0.0, 0.0, 0.0), 4.0, 0.0, 1.0)
    platform = {"median_depth": depth, "ambient_share": 0.2, "query_cells": 100}
    return SampleMatch(
        name,
        depth,
        np.zeros(3),
        np.ones(3),
        np.array(efficiency or [1.0, 1.0, 1.0]),
        np.array(background),
        calibration,
        platform,
    )


def test_profiles_are_those_of_the_reference_as_the_sample_measures_them() -> None:
    one = sample("a", [0.2, 0.3, 0.5], 100, [2.0, 1.0, 1.0])
    measured = PROFILES * [2.0, 1.0, 1.0]
    measured /= measured.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(one.profiles(PROFILES), 0.8 * measured + 0.2 * one.background)


def test_the_nearest_sample_has_the_profile_and_the_depth() -> None:
    cohort = Cohort(
        PROFILES,
        (sample("a", [0.6, 0.3, 0.1], 100), sample("b", [0.1, 0.3, 0.6], 100), sample("c", [0.1, 0.3, 0.6], 400)),
    )
    counts = sparse.csr_matrix(np.tile([10.0, 30.0, 60.0], (50, 1)))
    name, distance = cohort.nearest(counts, np.arange(3))
    assert (name.name, round(distance, 3)) == ("b", 0.0)
    assert cohort.nearest(4 * counts, np.arange(3))[0].name == "c"
    assert cohort.nearest(counts[:, [0, 2]], np.array([0, 2]))[0].name == "b"


def test_samples_differ_in_efficiencies_or_depth() -> None:
    similar = [sample(name, [0.3, 0.3, 0.4], depth) for name, depth in zip("abcd", (75, 100, 200, 300), strict=True)]
    assert describe_unlike(similar) == [""] * 4
    (*_, last) = describe_unlike([*similar, sample("e", [0.3, 0.3, 0.4], 100, [20.0, 0.05, 1.0])])
    assert last.startswith("gene efficiencies differ from those of the other samples by a factor of")
    (*_, last) = describe_unlike([*similar, replace(similar[0], platform={"median_depth": 2000.0})])
    assert last == "the median depth differs from that of the other samples by a factor of 10"
    assert describe_unlike(similar[:2]) == ["", ""]


def test_cohort_round_trip() -> None:
    cohort = Cohort(PROFILES, (sample("a", [0.6, 0.3, 0.1], 100),))
    repeated = Cohort.from_dict(cohort.to_dict())
    assert repeated.samples[0].calibration == cohort.samples[0].calibration
    np.testing.assert_array_equal(repeated.shares, cohort.shares)
    assert repeated.sample("b") is None
