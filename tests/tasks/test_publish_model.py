"""Models are published with their description, and put in use."""

import json
from pathlib import Path

import anndata as ad

from spatialcore import registry
from spatialcore.core.normalization import log1p_normalize
from spatialcore.core.text.markdown import code, escape
from tasks.publish_model import promote
from tasks.schemas import Sample
from tasks.stage_cache import local
from tests.tasks.conftest import StageResults


def test_a_model_is_published_with_its_description_and_is_not_in_use(
    stage_results: StageResults, published_model: registry.ModelVersion
) -> None:
    version = published_model
    assert registry.current(stage_results.config.store, "blood") is None
    assert registry.versions(stage_results.config.store, "blood") == [version]
    expected = {"config.yaml", "run_manifest.json", "card.md", "label_mapping.csv", "report.html", "held_out.h5ad"}
    assert expected <= version.contents.keys()
    assert version.details["scores"] == {"challenger": 0.9}
    card = local(version.contents["card.md"]).read_text()
    assert all(
        f"| {code(reference.uri)} | {escape(reference.token)} |" in card for reference in stage_results.references
    )
    manifest = json.loads(local(version.contents["run_manifest.json"]).read_text())
    assert [item["uri"] for item in manifest["reference_versions"]] == [item.uri for item in stage_results.references]


def test_held_out_cells_are_published_with_counts_and_classes_only(
    stage_results: StageResults, published_model: registry.ModelVersion
) -> None:
    cells = ad.read_h5ad(local(published_model.contents["held_out.h5ad"]))
    counts = ad.read_h5ad(local(stage_results.combined.counts))[cells.obs_names]
    assert list(cells.obs.columns) == ["unified_cell_type"]
    assert cells.n_obs == stage_results.held_out.facts["n_held_out"]
    assert (cells.layers["counts"] != counts.layers["counts"]).nnz == 0
    assert (log1p_normalize(cells.layers["counts"]) != cells.X).nnz == 0


def test_promoting_twice_moves_the_pointer_once(
    stage_results: StageResults, samples: list[Sample], tmp_path: Path
) -> None:
    config = stage_results.config.model_copy(update={"store": str(tmp_path)})
    version = registry.publish(config.store, "blood", [local(stage_results.model.files["blood.pkl"])])
    first = promote.fn(config.store, version, "better")
    assert promote.fn(config.store, version, "again") == first
    assert [(move.version, move.reason) for move in first.moves] == [(version.version, "better")]
