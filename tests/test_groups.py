"""The tests of a file stay in one process, where the suite is run in several (`--dist loadgroup`)."""

import pytest


def test_the_runner_was_told_of_the_group(request: pytest.FixtureRequest) -> None:
    """Else each process starts servers of its own, and nobody notices but by the time it takes."""
    grouped = request.node.nodeid.endswith(f"@{request.path}")
    assert grouped == request.config.getoption("loadgroup", False)
