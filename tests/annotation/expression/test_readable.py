"""A query that cannot be used is refused before the slow stages."""

import numpy as np
import pytest

from spatialcore.annotation.expression.readable import require_readable
from spatialcore.errors import InputError, NormalizationError
from tests.annotation.reference_data import make_reference


def test_a_query_is_checked_before_the_slow_stages() -> None:
    require_readable(make_reference())
    with pytest.raises(InputError, match="the query has no cells"):
        require_readable(make_reference()[:0])
    adata = make_reference()
    adata.X = adata.X.toarray()
    adata.X[3, 4] = np.nan
    with pytest.raises(NormalizationError, match="NaN"):
        require_readable(adata)
