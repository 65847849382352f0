"""The accuracy of calls of cells with known labels."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import columns
from spatialcore.demo.accuracy import KNOWN_LABEL, accuracy_on_known


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
