"""Calls are the annotation followed by the filter; the default resolution depends on the panel."""

from pathlib import Path

import anndata as ad
import pytest

from spatialcore import columns
from spatialcore.annotation import stages
from spatialcore.annotation.config import AnnotationSettings, TrainingConfig
from spatialcore.annotation.training import small_panel
from tests.workflow import tissue


def test_calls_are_the_annotation_then_the_filter(config: TrainingConfig, tmp_path: Path) -> None:
    stages.train_model(config, tissue.GENES, tissue.query(), tmp_path / "m.pkl")
    full = stages.call_cells(tissue.query(), tmp_path / "m.pkl", config, {"note": "text"})
    steps = stages.keep_confident(stages.annotate(tissue.query(), tmp_path / "m.pkl", config), config)
    for name in (columns.CELL_TYPE, columns.CONFIDENCE, columns.UNASSIGNED_REASON):
        assert full.obs[name].astype(str).equals(steps.obs[name].astype(str))
    manifest = full.uns[columns.MANIFEST]
    assert manifest["note"] == "text"
    assert manifest["n_unassigned"] == (full.obs[columns.CELL_TYPE] == "Unassigned").sum()
    assert (full.obs[columns.PREDICTED].astype(str) == full.obs["truth"]).mean() > 0.9


@pytest.mark.parametrize(
    ("setting", "confuses_types", "resolution"),
    [
        ("panel", True, "auto"),
        ("panel", False, "class"),
        ("class", True, "class"),
        ("auto", False, "auto"),
        (None, True, "auto"),
    ],
)
def test_only_the_default_resolution_depends_on_the_panel(
    setting: str | None,
    confuses_types: bool,
    resolution: str,
    called: ad.AnnData,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(small_panel, "confuses_types", lambda *_: confuses_types)
    config = AnnotationSettings.from_dict({"resolution": setting} if setting else {})
    filtered = stages.keep_confident(called.copy(), config)
    assert filtered.uns[columns.MANIFEST]["resolution"] == resolution
    assert ("finest Cell Ontology term" in caplog.text) == (resolution == "auto" and setting != "auto")
