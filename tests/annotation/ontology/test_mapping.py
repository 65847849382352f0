"""add_ontology_ids and has_ontology_ids."""

import json

import numpy as np
import pandas as pd
import pytest

from spatialcore.annotation import add_ontology_ids, has_ontology_ids
from spatialcore.errors import InputError, LabelColumnError


def ids_of(adata, **options):
    adata, _, result = add_ontology_ids(adata, "label", **options)
    return dict(
        zip(adata.obs["label"].astype(str), adata.obs["cell_type_ontology_term_id"].astype(str), strict=True)
    ), result


def test_examples_of_the_specification(labelled):
    expected = {
        "CD4+ T cells": "CL:0000624",
        "CD4-positive, alpha-beta T cell": "CL:0000624",
        "Macrophages": "CL:0000235",
        "macrophage": "CL:0000235",
        "Mph": "CL:0000235",
        "Club (nasal)": "CL:0000158",
        "Migratory DCs": "CL:4047054",
        "cDC1": "CL:0002394",
        "cDC2": "CL:0002399",
        "conventional dendritic cell type 1": "CL:0002394",
        "conventional dendritic cell": "CL:0000451",
        "intestinal tuft cell": "CL:0002204",
        "brush cell": "CL:0002204",
        "CL:0000236": "CL:0000236",
    }
    ids, result = ids_of(labelled(list(expected)))
    assert ids == expected
    assert list(result.table.columns[:6]) == ["input_label", "id", "name", "score", "match_tier", "suggestions"]


def test_full_granularity_keeps_subtypes(labelled):
    ids, _ = ids_of(labelled(["conventional dendritic cell", "intestinal tuft cell"]), granularity="full")
    assert list(ids.values()) == ["CL:0000990", "CL:0019032"]


def test_each_distinct_label_is_mapped_once(labelled, monkeypatch):
    from spatialcore.annotation.ontology.matcher import Matcher

    labels = []
    match = Matcher.match
    monkeypatch.setattr(
        Matcher, "match", lambda self, label, tissue="": labels.append(label) or match(self, label, tissue)
    )
    _, result = ids_of(labelled(["T cells"] * 500 + ["B cells"] * 300))
    assert sorted(labels) == ["B cells", "T cells"]
    assert result.table.set_index("input_label")["n_cells"].to_dict() == {"B cells": 300, "T cells": 500}


def test_existing_ids_are_retained_cell_by_cell(labelled):
    adata = labelled(
        ["B cells", "B cells", "old", "gone", "T cells"],
        cell_type_ontology_term_id=["CL:0000787", np.nan, "CL:0000003", "CL:9999999", ""],
    )
    adata, _, result = add_ontology_ids(adata, "label")
    ids = adata.obs["cell_type_ontology_term_id"].astype(str).tolist()
    assert ids == ["CL:0000787", "CL:0000236", "CL:0000000", "", "CL:0000084"]
    assert adata.obs["cell_type_ontology_label"].astype(str).tolist()[0] == "memory B cell"
    assert result.table["curated"].sum() == 2
    adata, _, _ = add_ontology_ids(adata, "label", skip_if_exists=False)
    assert adata.obs["cell_type_ontology_term_id"].iloc[0] == "CL:0000236"


def test_missing_and_junk_labels_have_no_term(labelled):
    junk = ["unknown", "Doublets", "low quality", "Mixed", "Unassigned", "debris", "cluster 7", "12"]
    adata = labelled([*junk, None, np.nan])
    adata, _, result = add_ontology_ids(adata, "label")
    assert set(adata.obs["cell_type_ontology_term_id"]) == {""}
    assert set(adata.obs["cell_type_ontology_label"]) == {""}
    assert set(result.table["match_tier"]) == {"unmapped"}
    assert sorted(result.table["input_label"]) == sorted(junk)


def test_saved_files(labelled, tmp_path):
    _, mappings, result = add_ontology_ids(
        labelled(["T cells", "Doublet", "Mph"]), "label", save_mapping=tmp_path / "out"
    )
    table = pd.read_csv(tmp_path / "out" / "label_ontology_mapping.csv", keep_default_na=False)
    assert table["id"].tolist() == result.table["id"].tolist()
    missed = json.loads((tmp_path / "out" / "label_missed.json").read_text())
    assert [row["input_label"] for row in missed["unmapped"]] == ["Doublet"]
    metadata = json.loads((tmp_path / "out" / "label_ontology_mapping_metadata.json").read_text())
    assert metadata["n_labels_mapped"] == 2
    assert mappings["Mph"][0]["id"] == "CL:0000235"


def test_overrides_come_first_and_are_checked(labelled):
    ids, _ = ids_of(labelled(["Mph", "my type"]), overrides={"my type": "CL:0000990", "Mph": "CL:0000583"})
    assert ids == {"my type": "CL:0000990", "Mph": "CL:0000583"}
    with pytest.raises(InputError, match="not a live"):
        ids_of(labelled(["x"]), overrides={"x": "UBERON:0000955"})


def test_tissue_selects_the_meaning_of_abbreviations(labelled):
    assert ids_of(labelled(["PC"]), tissue="kidney")[0] == {"PC": "CL:0005009"}
    assert ids_of(labelled(["PC"]), tissue="lymph node")[0] == {"PC": "CL:0000786"}


@pytest.mark.parametrize(
    ("label", "tissue", "name"),
    [
        ("Goblet", "colon", "large intestine goblet cell"),
        ("Goblet", "lung", "lung goblet cell"),
        ("Goblet", "kidney", "goblet cell"),
        ("Basal", "skin", "basal cell of epidermis"),
        ("Basal", "airway", "respiratory basal cell"),
        ("Tuft", "colon", "tuft cell of large intestine"),
        ("goblet cell", "colon", "goblet cell"),
        ("Stellate", "pancreas", "pancreatic stellate cell"),
        ("Stellate", "liver", "hepatic stellate cell"),
        ("Bipolar cells", "retina", "retinal bipolar neuron"),
    ],
)
def test_tissue_narrows_a_bare_adjective(labelled, label, tissue, name):
    adata, _, _ = add_ontology_ids(labelled([label]), "label", tissue=tissue)
    assert adata.obs["cell_type_ontology_label"].tolist() == [name]


def test_a_custom_index_is_read_on_every_call(labelled, tmp_path):
    index = tmp_path / "index.json"
    for term, name in [("CL:0000235", "macrophage"), ("CL:0000084", "T cell")]:
        index.write_text(json.dumps({"metadata": {}, "cl": {"lining fibroblast": {"id": term, "name": name}}}))
        assert ids_of(labelled(["Lining fibroblast"]), index_path=index)[0] == {"Lining fibroblast": term}


def test_terms_that_only_a_custom_index_has(labelled, tmp_path):
    index = tmp_path / "index.json"
    terms = {"zorblax cell": "CL:9900001", "spiny zorblax cell of lung": "CL:9900002", "t cell": "CL:0000084"}
    index.write_text(json.dumps({"cl": {name: {"id": term, "name": name} for name, term in terms.items()}}))
    ids, _ = ids_of(labelled(["Zorblax cells", "Lung spiny zorblax", "ABC1+ zorblax_2", "T cells"]), index_path=index)
    assert list(ids.values()) == ["CL:9900001", "CL:9900002", "CL:9900001", "CL:0000084"]


@pytest.mark.parametrize("options", [{"min_score": 7}, {"granularity": "fine"}])
def test_values_are_checked(labelled, options):
    with pytest.raises(InputError):
        add_ontology_ids(labelled(["T cell"]), "label", **options)


def test_missing_column(labelled):
    with pytest.raises(LabelColumnError, match="Label column not found"):
        add_ontology_ids(labelled(["T cell"]), "cell_types")


def test_copy_does_not_change_the_input(labelled):
    adata = labelled(["T cell"])
    mapped, _, _ = add_ontology_ids(adata, "label", copy=True)
    assert "cell_type_ontology_term_id" in mapped.obs
    assert "cell_type_ontology_term_id" not in adata.obs


def test_coverage(labelled):
    adata = labelled(["a", "b", "c", "d"], cell_type_ontology_term_id=["CL:0000084", None, "UBERON:1", "CL:0000236"],
                     reference_source=["x", "x", "y", "y"])  # fmt: skip
    status = has_ontology_ids(adata)
    assert status["coverage"] == 0.5
    assert status["by_source"] == {"x": 0.5, "y": 0.5}
    assert status["unique_ids"] == ["CL:0000084", "CL:0000236"]
    assert not has_ontology_ids(labelled(["a"]))["has_column"]
