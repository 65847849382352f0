"""The demo: its configuration and printed summary."""

from pathlib import Path

import anndata as ad
import pandas as pd

from flows.demo import demo_config, summary
from spatialcore import columns
from spatialcore.demo.accuracy import KNOWN_LABEL
from tasks.schemas import RunManifest
from tasks.stage_cache import local


def test_existing_data_are_used(tmp_path: Path) -> None:
    config = demo_config(tmp_path)
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "data").iterdir()}
    assert {Path(item.uri) for item in (*config.queries, *config.references)} <= files.keys()
    assert demo_config(tmp_path) == config
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert config.store == str(tmp_path / "store")


def test_the_summary_lists_files_composition_and_accuracy(blood_run: RunManifest) -> None:
    lines = summary(blood_run)
    (sample,) = blood_run.samples
    for file in (*sample.files.values(), *blood_run.model.values()):
        if file.uri.endswith((".png", ".pkl", "annotated.h5ad", "report.html")):
            assert f"  {file.uri}" in lines
    assert f"  {blood_run.uri}" in lines
    counts = pd.read_parquet(local(sample.files["calls.parquet"]))[columns.CELL_TYPE].astype(str).value_counts()
    start = lines.index(f"Composition of pbmc: {len(pd.read_parquet(local(sample.files['calls.parquet'])))} cells") + 1
    for line, (name, cells) in zip(lines[start:], counts.head(2).items(), strict=False):
        assert line.split() == [str(cells), f"{100 * cells / counts.sum():.1f}", "%", *str(name).split()]
    n_known = (ad.read_h5ad(local(sample.files["annotated.h5ad"])).obs[KNOWN_LABEL].astype(str) != "").sum()
    assert f"Accuracy on the {n_known} cells, all with a known label (real cells at simulated positions)" in lines
