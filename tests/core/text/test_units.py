"""Units of coordinates: spellings of files are recognized, users may state µm and px only."""

import pytest

from spatialcore.core.text.units import checked_unit, unit_symbol
from spatialcore.errors import InputError


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("um", "µm"), ("\u03bcm", "µm"), (" Microns", "µm"), ("Pixel", "px"), ("px", "px"), ("", "")],
)
def test_spellings(text: str, symbol: str) -> None:
    assert unit_symbol(text) == checked_unit(text) == symbol


def test_a_unit_of_a_file_without_a_symbol_is_unchanged() -> None:
    assert unit_symbol("inch") == "inch"


@pytest.mark.parametrize("text", ["banana", "mm", "1", "µm²"])
def test_other_units_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="expected 'µm' or 'px'") as error:
        checked_unit(text)
    assert repr(text) in error.value.message
    assert "um" in error.value.hint
