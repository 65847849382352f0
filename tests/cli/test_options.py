"""Settings from a YAML file, options and assignments."""

from pathlib import Path

import pytest

from spatialcore.cli.options import local, overlay
from spatialcore.errors import InputError


def test_options_and_assignments_override_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("tissue: lung\nqueries: [a]\nconfidence_threshold: 0.5\n")
    settings = overlay(
        file, ["min_cells_per_type = 5", "exclude_labels=[x, y]"], tissue="breast", queries=[], store=None
    )
    assert settings == {
        "tissue": "breast",
        "queries": ["a"],
        "confidence_threshold": 0.5,
        "min_cells_per_type": 5,
        "exclude_labels": ["x", "y"],
    }


def test_assignment_without_equals_sign() -> None:
    with pytest.raises(InputError, match="--set tissue has no '='"):
        overlay(None, ["tissue"])


def test_local_path_is_returned(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("gene")
    assert local(str(tmp_path / "a.csv")) == tmp_path / "a.csv"
