"""Blood cells as references and query."""

import anndata as ad
import numpy as np

from spatialcore.demo.accuracy import KNOWN_LABEL
from spatialcore.demo.blood import LABEL_COLUMN, blood_data


def test_blood_data_are_counts_and_seeded(tmp_path):
    query, references = blood_data(tmp_path / "a")
    parts = [ad.read_h5ad(path) for path in references]
    labelled = query[query.obs[KNOWN_LABEL].astype(str) != ""]
    assert labelled.n_obs + sum(part.n_obs for part in parts) == 700
    names = [*labelled.obs_names, *parts[0].obs_names, *parts[1].obs_names]
    assert len(set(names)) == 700
    for adata in (query, *parts):
        assert np.array_equal(adata.X.data, np.round(adata.X.data))
    assert all(LABEL_COLUMN in part.obs for part in parts)
    second_query, _ = blood_data(tmp_path / "b")
    assert second_query.obs_names.tolist() == query.obs_names.tolist()
