"""Entries of an AnnData by name."""

import logging

import pytest

from spatialcore.entries import free_name, mapping_in, move_entry


@pytest.mark.parametrize("value", ["a text", 3, ["a", "list"], None])
def test_anything_but_a_mapping_is_no_mapping(value: object) -> None:
    assert mapping_in({"key": value}, "key") == {}
    assert mapping_in({}, "key") == {}


def test_the_mapping_itself_is_returned() -> None:
    entry = {"unit": "um"}
    assert mapping_in({"key": entry}, "key") is entry


def test_an_entry_is_moved_to_a_free_name(caplog: pytest.LogCaptureFixture) -> None:
    part = {"counts": "mine", "counts_before": "older"}
    with caplog.at_level(logging.WARNING):
        assert move_entry(part, "counts", "layers") == "counts_before_2"
    assert part == {"counts_before": "older", "counts_before_2": "mine"}
    assert "layers['counts']" in caplog.text
    assert free_name("new", part) == "new"
