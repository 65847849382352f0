"""The tests of a file run in one process with `--dist loadgroup`."""

import pytest


def test_each_file_is_one_group(request: pytest.FixtureRequest) -> None:
    """Without the group, each process starts its own servers, which only makes the tests slower."""
    grouped = request.node.nodeid.endswith(f"@{request.path}")
    assert grouped == request.config.getoption("loadgroup", False)
