"""Sizes with and without a unit, decimal and binary."""

import pytest

from spatialcore.core.text.sizes import parse_size
from spatialcore.errors import InputError


@pytest.mark.parametrize(("text", "size"), [("20GB", 20 * 10**9), ("1.5 TiB", 3 * 2**39), ("0", 0), ("7k", 7000)])
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1 apple", "i"])
def test_invalid_size(text: str) -> None:
    with pytest.raises(InputError, match="cannot parse the size"):
        parse_size(text)
