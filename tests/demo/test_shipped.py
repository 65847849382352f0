"""Files that other packages ship."""

import pytest

from spatialcore.demo.shipped import shipped_file
from spatialcore.errors import DependencyError


def test_a_file_is_found_without_importing_its_package():
    assert shipped_file("scanpy", "datasets/10x_pbmc68k_reduced.h5ad").is_file()


@pytest.mark.parametrize(
    ("extra", "hint"), [("", "pip install no_such_package"), ("demo", "spatialcore-celltyping[demo]")]
)
def test_a_missing_package_is_an_error_with_the_command_that_installs_it(extra, hint):
    with pytest.raises(DependencyError, match="no_such_package, which is not installed") as error:
        shipped_file("no_such_package", "a.csv", extra=extra)
    assert hint in error.value.hint
