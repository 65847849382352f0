"""Cell identifiers in tables: find their column, and convert them to text without loss."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np
import pandas as pd

from spatialcore.errors import InputError

IDENTIFIERS: Final = ("entityid", "cell", "cell_id", "cellid", "barcode", "barcodes", "fov", "cell_label")
ROW_NUMBERS: Final = {"", "index", "x", "v1", "...1", "rownames", "row_names", "rowname", "level_0", "row.names"}
EXACT: Final = 2**53  # larger whole numbers are not exact as floats
_FLOAT = re.compile(r"^\d+\.0+$")
_SCIENTIFIC = re.compile(r"^\d(?:\.\d+)?[eE]\+?\d+$")


def is_row_number_name(name: str) -> bool:
    """Return whether a column has a name that pandas, R or readr give to row numbers."""
    return str(name).strip().lower() in ROW_NUMBERS or str(name).startswith("Unnamed:")


def identifier_column(names: Sequence[str]) -> str:
    """Return the column with cell identifiers: the first with a usual name, else the first column."""
    by_name = {str(name).strip().lower(): str(name) for name in reversed(names)}
    return next((by_name[each] for each in IDENTIFIERS if each != "fov" and each in by_name), str(names[0]))


def row_number_columns(names: Sequence[str]) -> list[str]:
    """Return the columns of row numbers, without the column of cell identifiers."""
    identifier = identifier_column(names)
    return [name for name in names if name != identifier and is_row_number_name(name)]


def as_identifiers(values: Iterable[Any], where: str) -> list[str]:
    """Return identifiers as text: 12.0 is "12", and nothing is rounded.

    Raises
    ------
    InputError
        Identifiers lost digits in a spreadsheet or as floats.
    """
    column = pd.Series(list(values))
    if pd.api.types.is_float_dtype(column) and column.notna().all():
        if (column.abs() > EXACT).any():
            raise _lost_digits(where, f"{column.max():g}")
        if (column == column.round()).all():
            return [str(int(value)) for value in column]
    texts = [value.decode() if isinstance(value, bytes) else str(value).strip() for value in column]
    numbers = [text for text in texts if _FLOAT.match(text)]
    if numbers and all(text.isdigit() or _FLOAT.match(text) for text in texts):
        if any(float(text) > EXACT for text in numbers):
            raise _lost_digits(where, numbers[0])
        return [text.split(".")[0] for text in texts]
    return [_exact(text, where) if _SCIENTIFIC.match(text) else text for text in texts]


def _exact(text: str, where: str) -> str:
    """Return the integer of a text such as 1.5e+03; raise if digits are missing."""
    try:
        number = Decimal(text)
    except InvalidOperation:  # pragma: no cover - the pattern admits numbers only
        return text
    digits = text.lower().split("e")[0].replace(".", "")
    if number != number.to_integral_value() or len(digits) < len(str(int(number))):
        raise _lost_digits(where, text)
    return str(int(number))


def _lost_digits(where: str, example: str) -> InputError:
    return InputError(
        f"the identifiers of cells in {where} lost digits: {example}, a number with an exponent or a fraction",
        hint="export the table again with identifiers as text; a spreadsheet or a float keeps 15 digits",
    )


def match_by_value(cells: pd.Index, table: pd.DataFrame) -> tuple[str, list[str]] | None:
    """Return the column (name, texts) of a table that contains more than half of the cell names, or None."""
    for column in table.columns:
        if pd.api.types.is_float_dtype(table[column]) or not table[column].is_unique:
            continue
        texts = [str(value).strip() for value in table[column]]
        if pd.Index(texts).isin(cells).sum() > len(cells) / 2:
            return str(column), texts
    return None


def plain_numbers(names: pd.Index) -> pd.Index | None:
    """Return numeric identifiers without leading zeros; None if some are not numeric, or would not be unique."""
    texts = names.astype(str)
    if len(texts) == 0 or not np.all([text.isdigit() for text in texts]):
        return None
    plain = pd.Index([text.lstrip("0") or "0" for text in texts])
    return plain if plain.is_unique else None
