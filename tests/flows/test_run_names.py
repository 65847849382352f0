"""Names of flow runs."""

import pytest
from prefect.utilities.names import generate_slug

from flows.parameters import AnnotateParameters
from flows.run_names import _is_generated, describe


@pytest.mark.parametrize(
    ("count", "name"), [(1, "lung: s0"), (3, "lung: s0, s1, s2"), (200, "lung: s0, s1, s2 and 197 more")]
)
def test_a_run_is_named_after_its_tissue_and_samples(count: int, name: str) -> None:
    queries = [{"uri": f"s3://lab/s{n}.h5ad"} for n in range(count)]
    assert describe(AnnotateParameters(tissue="lung", queries=queries)) == name


def test_names_given_by_users_are_distinguished_from_generated_names() -> None:
    assert all(_is_generated(generate_slug(2)) for _ in range(200))
    for name in ("lung test", "patient-17", "rerun", "batch-3-lung"):
        assert not _is_generated(name)
