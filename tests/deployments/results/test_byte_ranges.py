"""The Range header of a request."""

import pytest

from deployments.results.byte_ranges import NOT_SATISFIABLE, requested_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=5-", (5, 10)),
        ("bytes=-4", (6, 10)),
        ("bytes=-99", (0, 10)),
        ("bytes=8-99", (8, 10)),
        ("bytes=8-99999999999999999999", (8, 10)),
        ("bytes=10-", NOT_SATISFIABLE),
        ("bytes=-0", NOT_SATISFIABLE),
        ("bytes=5-4", None),
        ("bytes=1-2,4-5", None),
        ("lines=1-2", None),
        ("bytes=-", None),
    ],
)
def test_the_range_header(header: str, expected: tuple[int, int] | None) -> None:
    assert requested_range(header, 10) == expected
