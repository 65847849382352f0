"""The refresh: only changed references are read, and only a model that is not worse is promoted."""

import shutil
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from flows.parameters import RefreshParameters
from flows.refresh_references import refresh_references
from spatialcore import registry
from spatialcore.annotation.comparison import split_held_out
from spatialcore.demo.blood import LABEL_COLUMN
from tests.flows.conftest import blood_config

flow_module = sys.modules["flows.refresh_references"]


@pytest.fixture
def config(blood: Path, tmp_path: Path) -> RefreshParameters:
    data = tmp_path / "data"
    shutil.copytree(blood, data)
    settings = blood_config(data, tmp_path / "store").model_dump(exclude={"promote"})
    return RefreshParameters(**settings, held_out_share=0.3)


def rewrite(config: RefreshParameters, number: int, change: str) -> None:
    """Change a reference file: shuffle the labels of the training cells, or leave out a cell or a label."""
    path = Path(config.references[number].uri)
    data = ad.read_h5ad(path)
    if change == "shuffled labels":
        training_cells = split_held_out(data, config.held_out_share)[0].obs_names
        labels = data.obs[LABEL_COLUMN].astype(str)
        labels[training_cells] = np.random.default_rng(0).permutation(labels[training_cells])
        data.obs[LABEL_COLUMN] = labels
    elif change == "fewer cells":
        data = data[:-1].copy()
    else:  # remove a label
        data = data[data.obs[LABEL_COLUMN].astype(str) != change].copy()
    data.write_h5ad(path)


def test_the_first_model_is_promoted_and_stays_in_use_without_changes(
    config: RefreshParameters, computed_stages: list[str]
) -> None:
    first = refresh_references(config)
    assert first.promoted
    assert len(first.changed) == 2
    computed_stages.clear()
    second = refresh_references(config)
    assert (second.changed, second.promoted, second.reason) == ([], False, "no reference changed")
    assert computed_stages == []


def test_a_worse_challenger_is_published_but_not_promoted(config: RefreshParameters) -> None:
    first = refresh_references(config)
    for number in (0, 1):
        rewrite(config, number, "shuffled labels")
    decision = refresh_references(config)
    assert decision.scores["challenger"] < decision.scores["champion"] - 0.2
    assert not decision.promoted
    assert decision.reason.startswith("not promoted, macro-F1 on held-out cells: challenger 0.")
    pointer = registry.current(config.store, "blood")
    assert pointer is not None
    assert pointer.version == first.challenger
    published = registry.show(config.store, "blood", decision.challenger)
    assert published.details["scores"] == decision.scores


def test_an_equal_model_is_promoted_and_not_again_after_a_rollback(
    config: RefreshParameters, monkeypatch: pytest.MonkeyPatch, computed_stages: list[str]
) -> None:
    events: list[tuple[str, dict[str, str]]] = []
    monkeypatch.setattr(flow_module, "emit_event", lambda event, resource: events.append((event, resource)))
    first = refresh_references(config)
    rewrite(config, 0, "fewer cells")
    events.clear()
    tolerant_config = config.model_copy(update={"tolerance": 0.2})
    decision = refresh_references(tolerant_config)
    assert decision.promoted
    assert decision.changed == [config.references[0].uri]
    assert [event for event, _ in events] == ["spatialcore.reference.refreshed", "spatialcore.model.promoted"]
    assert events[0][1]["uri"] == config.references[0].uri
    assert registry.rollback(config.store, "blood").version == first.challenger
    computed_stages.clear()
    third_decision = refresh_references(tolerant_config)
    assert computed_stages == [], "the challenger is not trained again"
    assert not third_decision.promoted
    assert "rolled back" in third_decision.reason
    pointer = registry.current(config.store, "blood")
    assert pointer is not None
    assert pointer.version == first.challenger


def test_a_model_that_lacks_a_cell_type_is_not_promoted_unless_allowed(config: RefreshParameters) -> None:
    first = refresh_references(config)
    for number in (0, 1):
        rewrite(config, number, "CD19+ B")
    tolerant_config = config.model_copy(update={"tolerance": 1.0})
    decision = refresh_references(tolerant_config)
    assert not decision.promoted
    assert decision.lost_classes == ("B cell, CD19-positive",)
    assert decision.reason.startswith("not promoted: the new model lacks 'B cell, CD19-positive' of the model in use")
    scores = {score.cell_type: score for score in decision.classes}
    b_cells = scores["B cell, CD19-positive"]
    assert b_cells.cells > 0, "held-out cells of the model in use are compared as well"
    assert (b_cells.challenger, b_cells.champion > 0.5) == (0.0, True)
    pointer = registry.current(config.store, "blood")
    assert pointer is not None
    assert pointer.version == first.challenger
    allowed = refresh_references(tolerant_config.model_copy(update={"allow_lost_classes": True}))
    assert allowed.promoted
    assert "of the model in use, as allowed" in allowed.reason


def test_held_out_cells_of_a_renamed_reference_are_not_trained_on(config: RefreshParameters) -> None:
    first = refresh_references(config)
    for reference in config.references:
        path = Path(reference.uri)
        reference.uri = str(path.rename(path.with_name(f"renamed_{path.name}")))
    decision = refresh_references(config)
    assert len(decision.changed) == 2
    versions = [registry.show(config.store, "blood", name) for name in (first.challenger, decision.challenger)]
    before, after = (ad.read_h5ad(version.contents["held_out.h5ad"].uri) for version in versions)
    np.testing.assert_array_equal(before.X.toarray(), after.X.toarray())
    assert sum(score.cells for score in decision.classes) == before.n_obs, "each cell is compared once"
    assert decision.scores["challenger"] == pytest.approx(decision.scores["champion"])


def test_a_changed_setting_requires_a_new_model(config: RefreshParameters) -> None:
    refresh_references(config)
    decision = refresh_references(config.model_copy(update={"max_cells_per_type": 20}))
    assert decision.changed == []
    assert decision.challenger
    assert "macro-F1" in decision.reason
