"""Values that cannot be expression, and the error messages."""

import numpy as np
import pytest

from spatialcore.annotation.expression.errors import no_shared_genes, require_expression
from spatialcore.errors import NormalizationError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, -2.0, 3.0], "1 negative of 3"),
        ([1.0, np.nan, np.inf], "1 NaN, 1 infinite of 3"),
    ],
)
def test_values_that_cannot_be_expression(values: list[float], message: str) -> None:
    with pytest.raises(NormalizationError, match=message):
        require_expression(np.array(values), "X of the query")
    require_expression(np.array(values), "X", most=0.2)  # too many: another kind of data


def test_expression_is_accepted() -> None:
    require_expression(np.array([0.0, 1.5]), "X")
    require_expression(np.array([]), "X")


def test_both_gene_sets_are_shown() -> None:
    error = no_shared_genes("a.h5ad", ["ENSG1", "ENSG2"], "the panel", ["CD3D"])
    assert error.message == "No shared genes found between a.h5ad (ENSG1, ENSG2 ...) and the panel (CD3D ...)"
