"""spatialcore demo: the whole workflow on shipped data."""

from pathlib import Path

import pytest

from tests.cli.workplace import Command, json_output


@pytest.mark.slow
def test_demo(spatialcore: Command, tmp_path: Path) -> None:
    output = json_output(spatialcore, "demo", "-o", tmp_path / "demo")
    assert output["known"]["cells"] > 200
    assert output["known"]["kept"] > output["known"]["all"] > 0.7
