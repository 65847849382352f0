"""Demo data: counts, split and accuracy."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.demo import (
    KNOWN_LABEL,
    LABEL_COLUMN,
    SIMULATED_TYPES,
    accuracy_on_known,
    demo_data,
    simulated_data,
)


def test_demo_data_are_counts_and_seeded(tmp_path):
    query, references = demo_data(tmp_path / "a")
    parts = [ad.read_h5ad(path) for path in references]
    labelled = query[query.obs[KNOWN_LABEL].astype(str) != ""]
    assert labelled.n_obs + sum(part.n_obs for part in parts) == 700
    names = [*labelled.obs_names, *parts[0].obs_names, *parts[1].obs_names]
    assert len(set(names)) == 700
    for adata in (query, *parts):
        assert np.array_equal(adata.X.data, np.round(adata.X.data))
    assert all(LABEL_COLUMN in part.obs for part in parts)
    second_query, _ = demo_data(tmp_path / "b")
    assert second_query.obs_names.tolist() == query.obs_names.tolist()


def test_accuracy_on_known_labels():
    obs = pd.DataFrame(
        {
            KNOWN_LABEL: ["B", "B", "T", ""],
            columns.PREDICTED: ["B cell", "T cell", "T", "T"],
            columns.CELL_TYPE: ["B cell", columns.UNASSIGNED, "T", "T"],
        },
        index=list("abcd"),
    )
    mapping = pd.DataFrame({"input_label": ["B", "T"], "name": ["B cell", ""]})
    assert accuracy_on_known(ad.AnnData(np.ones((4, 1)), obs=obs), mapping) == {
        "cells": 3.0,
        "all": pytest.approx(2 / 3),
        "kept": 1.0,
        "share_kept": pytest.approx(2 / 3),
    }


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
