"""A dry run and a run agree for every input case, with the same error message."""

import json
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import anndata as ad
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from spatialcore.annotation.run_config import RunConfig
from spatialcore.errors import SpatialCoreError
from spatialcore.workflow.preflight import check_run
from spatialcore.workflow.run import run
from tests.workflow import (  # noqa: F401  (these modules register cases)
    content_cases,
    feature_cases,
    file_cases,
    folder_cases,
    mouse_cases,
    reference_cases,
    scale_cases,
)
from tests.workflow.cases import CASES
from tests.workflow.random_runs import RUNS, RandomRun
from tests.workflow.tissue import TYPES
from tests.workflow.tissue import query as plain_query

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", CASES)
def test_a_dry_run_and_a_run_agree(name: str, tmp_path: Path) -> None:
    query, reference, expected = CASES[name](tmp_path)
    config = RunConfig(
        queries=[query],
        references=[f"{reference}:cell_type"],
        store=str(tmp_path / "out"),
        tissue="lung",
        confidence_threshold=0,
        generate_plots=False,
    )
    checks = check_run(config)
    problems = "; ".join(check.detail for check in checks.checks if not check.ok)
    if isinstance(expected, str):
        with pytest.raises(SpatialCoreError) as caught:
            run(config)
        assert re.search(expected, caught.value.message)
        assert caught.value.message in problems
        return
    assert problems == ""
    run(config)
    model = json.loads(next((tmp_path / "out" / "model").glob("*_celltypist.json")).read_text())
    assert len(model["genes"]) == expected
    assert model["classes"] == sorted(TYPES)
    result = ad.read_h5ad(next((tmp_path / "out").glob("*/annotated.h5ad")))
    right = result.obs["cell_type"].astype(str).to_numpy() == plain_query().obs["truth"].to_numpy()
    assert right.mean() > 0.9


@settings(
    max_examples=int(os.environ.get("SPATIALCORE_RANDOM_RUNS", "25")),
    derandomize="SPATIALCORE_RANDOM_RUNS" not in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(drawn=RUNS)
def test_a_dry_run_and_a_run_agree_on_runs_drawn_at_random(drawn: RandomRun) -> None:
    with TemporaryDirectory() as folder:
        query, references = drawn.write(Path(folder))
        config = RunConfig.model_validate(
            {
                "queries": [query],
                "references": [f"{reference}:cell_type" for reference in references],
                "store": f"{folder}/out",
                "tissue": "lung",
                "generate_plots": False,
                **drawn.settings,
            }
        )
        failed = [check.detail for check in check_run(config).checks if not check.ok]
        refusal = None
        try:
            run(config)
        except SpatialCoreError as error:
            refusal = error.message
        assert bool(failed) == (refusal is not None), (failed, refusal)
        assert refusal is None or refusal in "; ".join(failed)
