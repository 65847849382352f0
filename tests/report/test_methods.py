"""The methods paragraph and the configuration in the report."""

import json
from typing import Any, get_args

import anndata as ad
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialcore import columns
from spatialcore.annotation.choices import BALANCE_STRATEGIES, CONFIDENCE_METHODS, TRAINERS, ResolutionSetting
from spatialcore.annotation.config import TrainingConfig
from spatialcore.report.methods import _CITED_AS, configuration_yaml, methods_text
from tests.plotting.tissues import annotated, make_tissue


@pytest.fixture
def sample() -> ad.AnnData:
    return annotated(make_tissue())


def test_the_paragraph_has_the_numbers_of_the_run(sample: ad.AnnData) -> None:
    methods = methods_text(sample, 0.7)
    for expected in (
        "a labelled single-cell reference (atlas; 480 cells)",
        "300 cells, 30 genes and 3 classes",
        "median 42 counts",
        "background (10 %)",
        "of any confidence, it reached an accuracy of 0.863",
        "calibrated confidence below 0.7",
        "anndata 0.12.19",
    ):
        assert expected in methods["paragraph"]
    assert any("Cell Ontology" in citation for citation in methods["citations"])


def test_data_without_a_manifest() -> None:
    assert methods_text(make_tissue(), 0.8)["paragraph"].startswith("Calls with a confidence below 0.8")


def test_configuration_of_the_run(sample: ad.AnnData) -> None:
    assert yaml.safe_load(configuration_yaml(sample, None)) == {"tissue": "lymph node", "confidence_threshold": 0.8}
    config = TrainingConfig(references=["a.h5ad"], label_columns=["x"])
    assert configuration_yaml(sample, config) == config.to_yaml()
    del sample.uns[columns.MANIFEST]
    assert configuration_yaml(sample, None) == ""


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Generate run manifests with all combinations of entries."""
    config = {
        "balance_strategy": draw(st.sampled_from(BALANCE_STRATEGIES)),
        "max_cells_per_type": draw(st.sampled_from([500, 5000])),
        "target_proportions": draw(st.sampled_from([None, {"B cell": 0.1}])),
        "resolution": draw(st.sampled_from(get_args(ResolutionSetting))),
        "detect_unseen": draw(st.booleans()),
    }
    card: dict[str, Any] = {}
    trainer = draw(st.sampled_from([None, *TRAINERS]))
    if trainer is not None:
        card["training"] = {"trainer": trainer, "n_cells": 300, "n_genes": 30, "n_classes": 3}
    if trainer == "logistic":
        card["heldout"] = {"accuracy": 0.9, "macro_f1": 0.8}
        card["platform"] = {"matched_to": draw(st.sampled_from(["query", "depths", "nothing"]))}
        card["platform"] |= {"median_depth": 42.0, "ambient_share": 0.1}
    manifest: dict[str, Any] = {"config_json": json.dumps(config), "model_card_json": json.dumps(card)}
    manifest["confidence_transform"] = draw(st.sampled_from(CONFIDENCE_METHODS))
    if trainer is not None:
        rows = [{"cell_type": "B cell", "source": name} for name in draw(st.sampled_from(["a", "ab"]))]
        manifest["references_json"] = json.dumps([{"source": "a", "n_kept": 9}])
        manifest["reference_composition_json"] = json.dumps(rows)
        if draw(st.booleans()):
            manifest["label_mapping_json"] = json.dumps([{"input_label": "B", "match_tier": "tier1_exact"}])
    spill_over = {"available": True, "detected": draw(st.booleans()), "foreign_share": 0.153}
    manifest["spill_over_json"] = json.dumps(spill_over if draw(st.booleans()) else {"available": False})
    manifest["reference_fit_json"] = json.dumps(draw(st.sampled_from([{}, {"n_cells": 150}, {"n_cells": 900}])))
    manifest |= draw(st.sampled_from([{}, {"purified_layer": "purified"}]))
    manifest |= draw(st.sampled_from([{}, {"class_tree_json": json.dumps({"names": ["B cell"]})}]))
    if draw(st.booleans()):
        manifest["versions_json"] = json.dumps({"spatialcore-celltyping": "0.1.0", "anndata": "0.12"})
    return manifest


@given(manifest=manifests(), threshold=st.sampled_from([0.0, 0.8]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_the_paragraph_states_only_what_was_done(manifest: dict[str, Any], threshold: float) -> None:
    methods = methods_text(ad.AnnData(uns={columns.MANIFEST: manifest}), threshold)
    text = methods["paragraph"]
    card, config = json.loads(manifest["model_card_json"]), json.loads(manifest["config_json"])
    trainer = card.get("training", {}).get("trainer")
    matched_to, two_sources = (
        card.get("platform", {}).get("matched_to"),
        '"b"' in manifest.get("reference_composition_json", ""),
    )
    is_calibrated = manifest["confidence_transform"] == "calibrated"
    has_spill_over = json.loads(manifest["spill_over_json"]).get("detected", False)
    process = {
        "Cell Ontology (": "label_mapping_json" in manifest,
        "finest Cell Ontology term": config["resolution"] == "auto" and "class_tree_json" in manifest,
        "clusters of the sample": is_calibrated
        and config["detect_unseen"]
        and json.loads(manifest["reference_fit_json"]).get("n_cells", 0) > 200,
        "(15.3 % of the counts)": is_calibrated and has_spill_over,
        "lacks the counts of neighbouring cells": has_spill_over and "purified_layer" in manifest,
        "multinomial logistic regression": trainer == "logistic",
        "A CellTypist model": trainer == "celltypist",
        "held-out reference cells": "heldout" in card,
        "depth (median 42 counts)": matched_to == "query",
        "given counts per cell": matched_to == "depths",
        "calibrated confidence": manifest["confidence_transform"] == "calibrated",
        "not calibrated": manifest["confidence_transform"] != "calibrated",
        "z-score": manifest["confidence_transform"] == "zscore",
        "softmax": manifest["confidence_transform"] == "softmax",
        "set to unassigned": threshold > 0,
        "given proportions": trainer is not None and config["target_proportions"] is not None,
        "in equal numbers from the references": trainer is not None
        and two_sources
        and config["target_proportions"] is None
        and config["balance_strategy"] == "equal",
        "anndata 0.12": "versions_json" in manifest,
    }
    assert {name for name in process if name in text} == {name for name, was_done in process.items() if was_done}
    assert [name in text for name in _CITED_AS] == [work in methods["citations"] for work in _CITED_AS.values()]
    assert "None" not in text
    assert "  " not in text
