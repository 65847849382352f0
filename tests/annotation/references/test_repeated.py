"""Cells that occur in two references are noted."""

import json
import logging

import pytest

from spatialcore.annotation import combine_references
from spatialcore.columns import REFERENCES_MANIFEST
from spatialcore.demo import simulated_data
from tests.annotation.reference_data import Write


@pytest.mark.parametrize("shared", [0, 40, 100])
def test_shared_cells_are_noted(shared: int, write: Write, caplog: pytest.LogCaptureFixture) -> None:
    cells = simulated_data()[1]
    half = cells.n_obs // 2
    first, second = cells[:half].copy(), cells[half - shared : 2 * half - shared].copy()
    second.obs_names = [f"renamed{i}" for i in range(second.n_obs)]
    with caplog.at_level(logging.WARNING, logger="spatialcore"):
        combined = combine_references(
            [write(first, "a.h5ad"), write(second, "b.h5ad")], ["cell_type"], filter_min_cells=False
        )
    entries = json.loads(combined.uns[REFERENCES_MANIFEST])
    messages = [
        finding["message"] for entry in entries for finding in entry["findings"] if finding["code"] == "repeated_cells"
    ]
    assert len(messages) == bool(shared)
    assert all(f"{shared} of the drawn cells are also in a" in message for message in messages)
    assert caplog.text.count("are also in") == bool(shared)
