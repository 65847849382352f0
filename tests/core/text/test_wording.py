"""Numbers and lists in messages."""

import pytest

from spatialcore.core.text.wording import list_names, number_of


@pytest.mark.parametrize(
    ("n", "noun", "plural", "text"),
    [
        (0, "reference", "", "0 references"),
        (1, "query", "queries", "1 query"),
        (2, "query", "queries", "2 queries"),
        (1200, "cell", "", "1,200 cells"),
    ],
)
def test_number_and_noun(n: int, noun: str, plural: str, text: str) -> None:
    assert number_of(n, noun, plural) == text


@pytest.mark.parametrize(("n", "text"), [(0, ""), (2, "a, b"), (3, "a, b, c"), (4, "a, b, c and 1 more")])
def test_list_names(n: int, text: str) -> None:
    assert list_names("abcd"[:n], 3) == text
