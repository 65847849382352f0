"""The examples in examples/, run unchanged on real data and compared with the labels of the studies."""

from pathlib import Path

import anndata as ad
import pandas as pd
import pytest

from flows.parameters import TrainAndAnnotateParameters
from flows.train_and_annotate import train_and_annotate
from spatialcore import columns
from tasks.schemas import RunManifest
from tasks.stage_cache import local
from tools.split_h5ad import split

ROOT = Path(__file__).resolve().parents[2]
# Text in the name of a call -> coarse label of the studies; the first match counts.
COARSE = {
    "natural killer": "NK",
    "plasmacytoid": "DC",
    "dendritic": "DC",
    "monocyte": "Mono",
    "fibroblast": "Fibroblast",
    "epithelial": "Epithelial",
    "T cell": "T",
    "B cell": "B",
    "hematopoietic": "HSC",
}


def run(name: str, store: Path, **settings: object) -> RunManifest:
    """Run an example into the given store, without plots."""
    config = TrainAndAnnotateParameters.from_yaml(ROOT / "examples" / name)
    return train_and_annotate(config.model_copy(update={"store": str(store), "generate_plots": False, **settings}))


def accuracy(manifest: RunManifest, query: Path) -> dict[str, float]:
    """Return the share of correct coarse calls, of all cells and of cells above the threshold."""
    truth = ad.read_h5ad(query, backed="r").obs["cell_type_coarse"].astype(str)
    cells = ad.read_h5ad(local(manifest.samples[0].files["annotated.h5ad"]))
    assert list(cells.obs_names) == list(truth.index)
    is_correct = coarse(cells.obs[columns.PREDICTED]) == truth
    assigned = cells.obs[columns.CELL_TYPE].astype(str) != columns.UNASSIGNED
    return {
        "all": float(is_correct.mean()),
        "kept": float(is_correct[assigned].mean()),
        "share kept": float(assigned.mean()),
        "majority": float(truth.value_counts(normalize=True).iloc[0]),
    }


def coarse(calls: "pd.Series[str]") -> "pd.Series[str]":
    return calls.astype(str).map(lambda call: next((label for name, label in COARSE.items() if name in call), call))


@pytest.mark.slow
def test_real_xenium_cells(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    manifest = run("xenium_breast.yaml", tmp_path)
    measured = accuracy(manifest, shared / "data" / "spatial_xenium_breast_scider.h5ad")
    assert manifest.samples[0].n_obs == 10_000
    assert measured["all"] > measured["majority"] + 0.3, measured
    assert measured["kept"] > measured["all"], measured


@pytest.mark.slow
def test_three_references_of_one_study(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    files = split(shared / "data" / "pbmc_symphony_3assay.h5ad", "donor", tmp_path / "references")
    written = TrainAndAnnotateParameters.from_yaml("examples/pbmc_three_chemistries.yaml").references
    assert sorted(Path(item.uri).name for item in written) == sorted(part.name for part in files)
    references = [
        item.model_copy(update={"uri": str(tmp_path / "references" / Path(item.uri).name)}) for item in written
    ]
    manifest = run("pbmc_three_chemistries.yaml", tmp_path / "store", references=references)
    measured = accuracy(manifest, shared / "data" / "pbmc68k_reduced.h5ad")
    assert len(manifest.references) == 3
    assert measured["all"] > measured["majority"] + 0.3, measured
    assert measured["kept"] > measured["all"], measured
