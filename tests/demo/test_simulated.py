"""Simulated data for examples."""

import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.demo.simulated import SIMULATED_TYPES, simulated_data


def test_simulated_types_differ_in_their_markers():
    query, reference = simulated_data()
    assert reference.obs["cell_type"].value_counts().to_dict() == dict.fromkeys(SIMULATED_TYPES, 60)
    assert np.array_equal(query.X.data, np.round(query.X.data))
    assert query.X.sum(axis=1).mean() == pytest.approx(150, rel=0.1)
    assert query.obsm[columns.SPATIAL].shape == (200, 2)
    table = pd.DataFrame(reference.X.toarray(), columns=reference.var_names)
    means = table.groupby(list(reference.obs["cell_type"])).mean()
    for name, (_, markers) in SIMULATED_TYPES.items():
        assert (means[markers.split()].idxmax() == name).all()
    assert np.array_equal(simulated_data()[0].X.toarray(), query.X.toarray())
    assert not np.array_equal(simulated_data(1)[0].X.toarray(), query.X.toarray())
