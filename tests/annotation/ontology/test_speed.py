"""Run time of the mapping, which depends on the number of labels and not of cells."""

import json
import subprocess
import sys

import pytest

# Names of the ontology with typical changes. All steps of the matcher run, slow ones more often than with real data.
PROGRAM = """
import json, time
started = time.process_time()
import numpy as np
import pandas as pd
from anndata import AnnData
from spatialcore.annotation import add_ontology_ids
from spatialcore.annotation.ontology.hierarchy import hierarchy

loaded = time.process_time()
names = sorted(hierarchy().names.values())[::3]
ways = ("{}s", "{} subset", "{}_2", "Xyzzy {}", "activated {}", "3: {} (ABC1+)", "{}/xyzzy", "tumour-infiltrating {}")
labels = np.array([ways[i % len(ways)].format(name) for i, name in enumerate(names[:1000])], dtype=object)

def cost(n_cells):
    obs = pd.DataFrame({"label": labels[np.arange(n_cells) % len(labels)]}, index=np.arange(n_cells).astype(str))
    adata = AnnData(np.zeros((n_cells, 1), dtype="float32"), obs=obs)
    before = time.process_time()
    add_ontology_ids(adata, "label")
    return time.process_time() - before

print(json.dumps({"n": len(set(labels)), "cold": cost(1000), "warm": cost(1000), "cells": cost(200_000)}))
"""


@pytest.fixture(scope="module")
def seconds():
    """Return CPU seconds measured in a new process."""
    process = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=300)
    return json.loads(process.stdout.splitlines()[-1])


def test_a_thousand_labels_in_a_new_process(seconds):
    assert seconds["n"] == 1000
    assert seconds["cold"] < 5


def test_run_time_does_not_depend_on_the_number_of_cells(seconds):
    assert seconds["cells"] < seconds["warm"] + 1
