"""With profiles as references, the flow, the command line and the library give the same calls."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from flows.parameters import TrainAndAnnotateParameters
from flows.train_and_annotate import train_and_annotate
from spatialcore.annotation.run_config import RunConfig
from spatialcore.workflow.run import run
from tasks.stage_cache import local
from tests.cli.conftest import spatialcore  # noqa: F401  (the fixture)
from tests.cli.workplace import GENES, Command

TYPES = ("B cell", "T cell", "macrophage")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Write a table of profiles, and cells simulated from them with 150 counts."""
    folder = tmp_path_factory.mktemp("profiles")
    rng = np.random.default_rng(0)
    means = rng.gamma(0.5, 10, (len(GENES), len(TYPES)))
    pd.DataFrame(means, index=pd.Index(GENES, name="gene"), columns=list(TYPES)).to_csv(folder / "library.csv")
    truth = np.repeat(np.arange(3), 80)
    counts = rng.poisson(150 * (means / means.sum(axis=0)).T[truth])
    obs = pd.DataFrame({"truth": np.array(TYPES)[truth]}, index=[f"cell{i}" for i in range(len(truth))])
    ad.AnnData(counts.astype(np.float32), obs, pd.DataFrame(index=GENES)).write_h5ad(folder / "query.h5ad")
    return {
        "tissue": "blood",
        "queries": [{"uri": str(folder / "query.h5ad"), "sample": "cells"}],
        "references": [{"uri": str(folder / "library.csv")}],
        "generate_plots": False,
    }


def calls(path: Path) -> pd.DataFrame:
    return ad.read_h5ad(path).obs[["truth", "cell_type_predicted", "cell_type_confidence"]]


def test_flow_command_line_and_library_agree(
    config: dict[str, Any],
    tmp_path: Path,
    spatialcore: Command,  # noqa: F811
) -> None:
    run(RunConfig.from_dict({**config, "store": str(tmp_path / "library")}))
    by_library = calls(tmp_path / "library" / "cells" / "annotated.h5ad")
    assert (by_library["cell_type_predicted"].astype(str) == by_library["truth"].astype(str)).mean() > 0.95

    settings = tmp_path / "run.yaml"
    RunConfig.from_dict({**config, "store": str(tmp_path / "command")}).to_yaml(settings)
    assert "3 types" in spatialcore("run", settings, "--dry-run").out
    assert spatialcore("run", settings).code == 0
    pd.testing.assert_frame_equal(calls(tmp_path / "command" / "cells" / "annotated.h5ad"), by_library)

    manifest = train_and_annotate(TrainAndAnnotateParameters.from_dict({**config, "store": str(tmp_path / "flow")}))
    pd.testing.assert_frame_equal(calls(local(manifest.samples[0].files["annotated.h5ad"])), by_library)
