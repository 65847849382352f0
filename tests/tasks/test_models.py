"""Lost and new classes of published models."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from spatialcore import registry
from spatialcore.annotation import train_celltypist_model
from spatialcore.registry import ModelVersion
from tasks.models import as_trained, changed_classes


def publish(folder: Path, types: list[str], suffixes: tuple[str, ...]) -> ModelVersion:
    """Train a model of these types and publish its files with these suffixes."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(np.repeat(1 + 4 * np.eye(len(types), 4), 60, axis=0)).astype("float32")
    obs = pd.DataFrame({"unified_cell_type": np.repeat(types, 60)}, index=np.arange(len(counts)).astype(str))
    reference = ad.AnnData(counts, obs, pd.DataFrame(index=["MS4A1", "CD3D", "LYZ", "GAPDH"]))
    work = folder / "_".join(types)
    work.mkdir()
    train_celltypist_model(reference, output_path=work / "model.pkl", trainer="logistic")
    return registry.publish(str(folder / "store"), "blood", [work / f"model{suffix}" for suffix in suffixes])


@pytest.mark.parametrize("suffixes", [(".pkl",), (".pkl", "_celltypist.json")], ids=["no sidecar", "sidecar"])
def test_lost_and_new_classes(tmp_path: Path, suffixes: tuple[str, ...]) -> None:
    champion = publish(tmp_path, ["B cell", "T cell"], suffixes)
    challenger = publish(tmp_path, ["B cell", "monocyte"], (".pkl", "_celltypist.json"))
    assert changed_classes(as_trained(challenger), champion) == (("T cell",), ("monocyte",))
